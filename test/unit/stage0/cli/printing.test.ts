import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearest } from '../../../../stages/stage0/pod/nearest.ts';
import { age, printable, renderTable } from '../../../../stages/stage0/cli/table.ts';
import { Terminal } from '../../../../stages/stage0/cli/terminal.ts';

const PLAIN = new Terminal('never');

test('columns are as wide as their widest cell, without blanks at the end', () => {
  assert.equal(
    renderTable(
      PLAIN,
      ['A', 'BB'],
      [
        ['xxx', ''],
        ['y', 'z'],
      ],
    ),
    'A    BB\nxxx\ny    z\n',
  );
});

test('nothing printed can move the cursor', () => {
  assert.equal(printable('a\u001b[2Jb\n\u009b'), 'a\\x1b[2Jb\\x0a\\x9b');
  assert.ok(!renderTable(PLAIN, ['A'], [['\u001b[31m']]).includes('\u001b'));
});

test('colours are there when asked for, whatever the output is', () => {
  assert.equal(new Terminal('always', { NO_COLOR: '1' }).paint(1, 'red', 'x'), '\u001b[31mx\u001b[0m');
  assert.equal(new Terminal('never').paint(1, 'red', 'x'), 'x');
  assert.equal(new Terminal('auto', { NO_COLOR: '1' }).paint(1, 'red', 'x'), 'x');
});

test('an age has one unit', () => {
  for (const [seconds, text] of [
    [0, '0s'],
    [119, '119s'],
    [120, '2m'],
    [7199, '119m'],
    [7200, '2h'],
    [172_800, '2d'],
    [-5, '0s'],
  ] as const) {
    assert.equal(age(0, seconds * 1000), text);
  }
});

test('the nearest word is one that a slip of the finger made', () => {
  for (const [word, near] of [
    ['stauts', 'status'],
    ['statu', 'status'],
    ['xps', 'ps'],
    ['wiat', 'wait'],
    ['zzzzzz', undefined],
  ] as const) {
    assert.equal(nearest(word, ['status', 'ps', 'wait']), near);
  }
});
