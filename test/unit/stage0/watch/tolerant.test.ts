import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, PodError, PodErrors } from '../../../../stages/stage0/error.ts';
import type { FolderFile } from '../../../../stages/stage0/sets/folder.ts';
import { Tolerance } from '../../../../stages/stage0/watch/tolerant.ts';

const file = (name: string, text: string): FolderFile => ({ file: name, path: `dir/${name}`, baseDir: '/dir', text });

function errorAt(name: string, code: ErrorCode = 'manifest/schema'): PodError {
  return new PodError(code, `wrong: ${name}`, { at: { file: `dir/${name}`, line: 1, col: 1 } });
}

const texts = (files: readonly FolderFile[]): string[] =>
  files.map(({ file: name, text, standIn }) => `${name}=${text}${standIn ? ` ${standIn}` : ''}`);

test('a manifest that is broken counts as it last was, then only for its pod to stay, and then not at all', () => {
  const tolerance = new Tolerance([file('a', 'old'), file('b', 'b')]);
  const files = [file('a', 'new'), file('b', 'b')];
  tolerance.beginRound();
  assert.deepEqual(texts(tolerance.judge(files)), ['a=new', 'b=b']);
  assert.equal(tolerance.isolate(errorAt('a'), files), true);
  assert.deepEqual(texts(tolerance.judge(files)), ['a=old restart', 'b=b']);
  assert.equal(tolerance.isolate(new PodErrors([errorAt('a'), errorAt('a')]), files), true);
  assert.deepEqual(texts(tolerance.judge(files)), ['a=old keep', 'b=b']);
  assert.equal(tolerance.isolate(errorAt('a'), files), true);
  assert.deepEqual(texts(tolerance.judge(files)), ['b=b']);
  assert.equal(tolerance.isolate(errorAt('a'), files), false);
  assert.deepEqual(
    [...tolerance.broken].map(([name, { errors }]) => [name, errors.length]),
    [['a', 1]],
  );
});

test('one that never was good is left out; one whose surroundings broke stands in for itself', () => {
  const tolerance = new Tolerance([file('a', 'same')]);
  const files = [file('a', 'same'), file('new', 'x')];
  assert.equal(tolerance.isolate(new PodErrors([errorAt('a'), errorAt('new')]), files), true);
  assert.deepEqual(texts(tolerance.judge(files)), ['a=same restart']);
});

test('what is remembered is what was brought about', () => {
  const tolerance = new Tolerance([file('a', 'old')]);
  let files = [file('a', 'broken')];
  tolerance.isolate(errorAt('a'), files);
  tolerance.remember(files);
  tolerance.beginRound();
  files = [file('a', 'broken again')];
  tolerance.isolate(errorAt('a'), files);
  assert.deepEqual(texts(tolerance.judge(files)), ['a=old restart']);
  tolerance.beginRound();
  tolerance.remember([file('a', 'good')]);
  tolerance.isolate(errorAt('a'), files);
  assert.deepEqual(texts(tolerance.judge(files)), ['a=good restart']);
});

test('of two with one name the one that came is to blame', () => {
  const tolerance = new Tolerance([file('b', 'b')]);
  const files = [file('a', 'like b'), file('b', 'b')];
  assert.equal(tolerance.isolate(errorAt('b', 'manifest/duplicate'), files), true);
  assert.deepEqual(texts(tolerance.judge(files)), ['b=b']);
});

test('an error without a place among the manifests is nobody’s, and a bug is not caught', () => {
  const tolerance = new Tolerance([]);
  const files = [file('a', 'a')];
  assert.equal(tolerance.isolate(new PodError('set/busy', 'busy'), files), false);
  assert.equal(tolerance.isolate(errorAt('elsewhere'), files), false);
  assert.throws(() => tolerance.isolate(new TypeError('bug'), files), TypeError);
});
