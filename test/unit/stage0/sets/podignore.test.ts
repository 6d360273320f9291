import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IgnoreRules } from '../../../../stages/stage0/sets/podignore.ts';

function judge(text: string, path: string, isDirectory = false): string | undefined {
  return new IgnoreRules(text).judge(path, isDirectory);
}

test('a name without a slash is ignored at any depth, one with a slash only there', () => {
  assert.equal(judge('a.yaml', 'x/y/a.yaml'), 'ignored');
  assert.equal(judge('a.yaml', 'x/b-a.yaml'), undefined);
  assert.equal(judge('x/a.yaml', 'x/a.yaml'), 'ignored');
  assert.equal(judge('x/a.yaml', 'y/x/a.yaml'), undefined);
  assert.equal(judge('/a.yaml', 'a.yaml'), 'ignored');
  assert.equal(judge('/a.yaml', 'x/a.yaml'), undefined);
});

test('a slash at the end means folders only', () => {
  assert.equal(judge('old/', 'x/old', true), 'ignored');
  assert.equal(judge('old/', 'old'), undefined);
});

test('stars, question marks and sets stay within a name; two stars do not', () => {
  assert.equal(judge('*.bak.yaml', 'x/a.bak.yaml'), 'ignored');
  assert.equal(judge('x/*.yaml', 'x/y/a.yaml'), undefined);
  assert.equal(judge('x/**/a.yaml', 'x/a.yaml'), 'ignored');
  assert.equal(judge('x/**/a.yaml', 'x/y/z/a.yaml'), 'ignored');
  assert.equal(judge('x/**', 'x/y/a.yaml'), 'ignored');
  assert.equal(judge('**/a.yaml', 'a.yaml'), 'ignored');
  assert.equal(judge('a?c', 'abc'), 'ignored');
  assert.equal(judge('a?c', 'a/c'), undefined);
  assert.equal(judge('[a-c].yaml', 'b.yaml'), 'ignored');
  assert.equal(judge('[!a-c].yaml', 'b.yaml'), undefined);
  assert.equal(judge('[!a-c].yaml', 'd.yaml'), 'ignored');
});

test('a range that runs backwards is of nothing, as for git', () => {
  assert.equal(new IgnoreRules('[z-a]\n').judge('m', false), undefined);
  assert.equal(new IgnoreRules('[z-a]\nb\n').judge('b', false), 'ignored');
});

test('the last rule that speaks counts, so that ! takes one back', () => {
  const text = '*.yaml\n!keep.yaml\n';
  assert.equal(judge(text, 'a.yaml'), 'ignored');
  assert.equal(judge(text, 'keep.yaml'), 'taken');
  assert.equal(judge(`${text}keep.yaml`, 'keep.yaml'), 'ignored');
});

test('comments, empty lines and spaces at the end are nothing; escapes make letters of them', () => {
  assert.equal(judge('# a\n\n  \n', 'a'), undefined);
  assert.equal(judge('a  ', 'a'), 'ignored');
  assert.equal(judge('\\#a', '#a'), 'ignored');
  assert.equal(judge('\\!a', '!a'), 'ignored');
  assert.equal(judge('a\\*', 'a*'), 'ignored');
  assert.equal(judge('a\\*', 'ab'), undefined);
  assert.equal(judge('a.(b|c)+', 'a.(b|c)+'), 'ignored');
});

test('a pattern with many stars takes no time, whatever the path is', () => {
  const rules = new IgnoreRules(`${'*a'.repeat(30)}*b\n${'**/a/'.repeat(30)}b\n`);
  const started = performance.now();
  assert.equal(rules.judge('a'.repeat(250), false), undefined);
  assert.equal(rules.judge(`${'a/'.repeat(100)}c`, false), undefined);
  assert.equal(rules.judge(`${'a'.repeat(250)}b`, false), 'ignored');
  // Generous: the machine may be busy. What tries every way takes longer than anybody lives.
  assert.ok(performance.now() - started < 10_000);
});
