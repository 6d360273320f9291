import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTree, staysInside } from '../../../../stages/stage0/source/tree.ts';

const BLOB = 'a'.repeat(40);
const line = (path: string, mode = '100644', bytes: number | string = 3): string =>
  `${mode} blob ${BLOB} ${String(bytes).padStart(7)}\t${path}\0`;

test('files, programs and links are told apart, and submodules are named', () => {
  const listed = [
    line('a b/c'),
    line('run', '100755'),
    line('l', '120000'),
    `160000 commit ${BLOB}       -\tsub/module\0`,
  ].join('');
  const { entries, submodules } = parseTree(listed, 'x');
  assert.deepEqual(
    entries.map(({ path, kind, bytes }) => [path, kind, bytes]),
    [
      ['a b/c', 'file', 3],
      ['run', 'program', 3],
      ['l', 'link', 3],
    ],
  );
  assert.deepEqual(submodules, ['sub/module']);
});

test('names that no file should have are refused', () => {
  for (const path of [
    '../x',
    'a/../../x',
    '/etc/passwd',
    'a//b',
    './a',
    '.git/config',
    'a/.GIT/hooks/x',
    'a\ufffd',
    '',
  ])
    assert.throws(() => parseTree(line(path), 'x'), { code: 'source/hostile' }, path);
});

test('other kinds, and more than a repository of manifests can have, are refused', () => {
  assert.throws(() => parseTree(line('a', '100000'), 'x'), { code: 'source/hostile' });
  assert.throws(() => parseTree(line('a', '100644', 2 ** 31), 'x'), { code: 'source/hostile' });
  assert.throws(() => parseTree(line('a', '100644', 'x'), 'x'), { code: 'source/hostile' });
  const many = Array.from({ length: 100_001 }, (_, i) => line(`f${i}`)).join('');
  assert.throws(() => parseTree(many, 'x'), { code: 'source/hostile' });
});

test('a link stays inside when it goes up in front only, and not above the top', () => {
  for (const [path, target] of [
    ['a', 'b'],
    ['a', './b/c'],
    ['d/a', '../b'],
    ['d/e/a', '../../b'],
    ['d/a', '..'],
    ['a', '.'],
  ] as const)
    assert.equal(staysInside(path, target), true, `${path} -> ${target}`);
  for (const [path, target] of [
    ['a', '/etc/passwd'],
    ['a', '..'],
    ['a', '../x'],
    ['d/a', '../../x'],
    // Inside by its words, outside when "l" is a link to the top.
    ['d/e/a', 'l/../../x'],
    ['d/a', 'b/..'],
    ['a', ''],
    ['a', 'b\0c'],
  ] as const)
    assert.equal(staysInside(path, target), false, `${path} -> ${target}`);
});
