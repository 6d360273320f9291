import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { removeTree } from '../../../../stages/stage0/pod/remove-tree.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

test('a hostile tree goes, and nothing its links name', () => {
  const canary = mkdtempSync(join(scratch, 'canary-'));
  writeFileSync(join(canary, 'file'), '');
  const tree = mkdtempSync(join(scratch, 'tree-'));
  mkdirSync(join(tree, 'a/b'), { recursive: true });
  for (const place of ['link', 'a/link', 'a/b/link']) symlinkSync(canary, join(tree, place));
  symlinkSync('/proc/self/root', join(tree, 'a/root'));
  removeTree(tree);
  assert.equal(existsSync(tree), false);
  assert.deepEqual(readdirSync(canary), ['file']);
});

test('names that are not UTF-8, and names like our own, go too', () => {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  const odd = (bytes: number[]): Buffer => Buffer.concat([Buffer.from(`${tree}/d/`), Buffer.from(bytes)]);
  mkdirSync(join(tree, 'd'));
  mkdirSync(odd([0xff, 0xfe]));
  writeFileSync(odd([0xff, 0x0a]), '');
  mkdirSync(join(tree, '.remove-0/.remove-1/.remove-0/x'), { recursive: true });
  writeFileSync(join(tree, '.remove-2'), '');
  mkdirSync(join(tree, 'd/.remove-0'));
  removeTree(tree);
  assert.equal(existsSync(tree), false);
});

test('a path much longer than the kernel takes is no obstacle', () => {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  const before = process.cwd();
  process.chdir(tree);
  for (let depth = 0; depth < 300; depth++) {
    mkdirSync('d'.repeat(100));
    process.chdir('d'.repeat(100));
  }
  process.chdir(before);
  removeTree(tree);
  assert.equal(existsSync(tree), false);
});

test('the files that say what is left to do go last', () => {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  for (const name of ['record.json', 'ledger', 'other']) writeFileSync(join(tree, name), '');
  removeTree(tree, ['ledger', 'record.json']);
  assert.equal(existsSync(tree), false);
});

test('a directory in the place of a file that goes last goes too', () => {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  mkdirSync(join(tree, 'last', ...Array.from({ length: 40 }, () => 'd')), { recursive: true });
  removeTree(tree, ['last', 'none']);
  assert.equal(existsSync(tree), false);
});

test('a tree that is gone is no error', () => {
  removeTree(join(scratch, 'absent'));
});

test('a directory without permissions goes', { skip: process.geteuid?.() !== 0 && 'needs root' }, () => {
  const tree = mkdtempSync(join(scratch, 'tree-'));
  mkdirSync(join(tree, 'work/work'), { recursive: true });
  chmodSync(join(tree, 'work/work'), 0);
  removeTree(tree);
  assert.equal(existsSync(tree), false);
});
