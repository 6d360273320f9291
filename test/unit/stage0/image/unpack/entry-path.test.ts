import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../../stages/stage0/error.ts';
import { hostile } from '../../../../../stages/stage0/image/tar/fault.ts';
import { normalizeEntryPath, splitPath } from '../../../../../stages/stage0/image/unpack/entry-path.ts';
import { parseWhiteout } from '../../../../../stages/stage0/image/unpack/whiteout.ts';

test('names lose what says nothing', () => {
  const cases = {
    './': '',
    '.': '',
    './usr/bin/': 'usr/bin',
    'a//b/./c': 'a/b/c',
    'usr/lib': 'usr/lib',
    '..a/b..': '..a/b..',
    '.hidden': '.hidden',
  };
  for (const [path, expected] of Object.entries(cases))
    assert.equal(normalizeEntryPath(path, 'test', { hostile }), expected);
});

test('names that lead elsewhere or break a bound are hostile', () => {
  const cases = [
    '/etc/passwd',
    '////etc/passwd',
    '..',
    '../x',
    'a/../b',
    'a/..',
    './..',
    'x'.repeat(256),
    `a/${'x'.repeat(256)}/b`,
    'a/'.repeat(300),
    'b'.repeat(4000),
  ];
  for (const path of cases)
    assert.throws(
      () => normalizeEntryPath(path, 'test', { hostile }),
      (error) => error instanceof PodError && error.code === 'image/hostile',
      path,
    );
});

test('a drive letter is a name like any other', () => {
  assert.equal(normalizeEntryPath('c:a', 'test', { hostile }), 'c:a');
  assert.throws(() => normalizeEntryPath('c:/../a', 'test', { hostile }), PodError);
});

test('a path splits at its last slash', () => {
  assert.deepEqual(splitPath('usr/lib/x'), ['usr/lib', 'x']);
  assert.deepEqual(splitPath('x'), ['', 'x']);
});

test('whiteouts are told apart', () => {
  assert.equal(parseWhiteout('passwd'), undefined);
  assert.deepEqual(parseWhiteout('.wh.passwd'), { kind: 'remove', name: 'passwd' });
  assert.deepEqual(parseWhiteout('.wh..wh..opq'), { kind: 'opaque' });
  assert.deepEqual(parseWhiteout('.wh..wh.plnk'), { kind: 'aufs' });
  for (const name of ['.wh.', '.wh..', '.wh...']) assert.deepEqual(parseWhiteout(name), { kind: 'hostile' });
});
