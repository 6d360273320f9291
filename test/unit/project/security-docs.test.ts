import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { TOP } from '../../harness/paths.ts';

const CONTROLS = 54;

/** The rows of all tables, as their cells. */
function readRows(): string[][] {
  const lines = readFileSync(join(TOP, 'docs/security.md'), 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('|') && !/^\|[-|]+\|$/.test(line));
  return rows.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Of `file: name` in a cell. */
function testsOf(cell: string): { file: string; name: string }[] {
  return [...cell.matchAll(/`([a-z0-9/-]+): ([^`]+)`/g)].map(([, file, name]) => ({ file: file!, name: name! }));
}

const rows = readRows().filter((cells) => cells.at(-1) !== 'tests');

test('every test that docs/security.md names is there', () => {
  for (const { file, name } of rows.flatMap((cells) => testsOf(cells.at(-1)!))) {
    const path = ['.test.ts', '.ts'].map((end) => join(TOP, 'test', `${file}${end}`)).find((each) => existsSync(each));
    assert.ok(path !== undefined, `${file}: there is no such file`);
    assert.ok(readFileSync(path, 'utf8').includes(name), `${file}: no test has "${name}" in its name`);
  }
});

test('every row has a test, or says why it has none', () => {
  for (const cells of rows) {
    const last = cells.at(-1)!;
    assert.ok(testsOf(last).length > 0 || /^not (reachable|covered): /.test(last), cells.join(' | '));
  }
});

test('every control has one row', () => {
  const ids = rows.map(([id]) => id!).filter((id) => /^H\d+$/.test(id));
  assert.deepEqual(
    ids,
    Array.from({ length: CONTROLS }, (_, i) => `H${i + 1}`),
  );
});
