import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { TreeReader } from '../../../../stages/stage0/copy/read-tree.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();

test('a directory that is removed while it is read holds nothing, and what comes after it is read', () => {
  mkdirSync(`${scratch}/tree/a/below`, { recursive: true });
  mkdirSync(`${scratch}/tree/b`);
  writeFileSync(`${scratch}/tree/b/file`, 'x');
  const seen: string[] = [];
  const reader = new TreeReader(
    {
      begin: ({ path }) => {
        seen.push(path);
        if (path === 't/a') rmSync(`${scratch}/tree/a`, { recursive: true });
      },
      data: () => undefined,
      end: () => undefined,
    },
    { owner: 0 },
  );
  const dirFd = openSync(scratch, 'r');
  reader.read({ dirFd, name: 'tree', label: 'tree' }, 't');
  closeSync(dirFd);
  assert.deepEqual(seen, ['t', 't/a', 't/b', 't/b/file']);
});
