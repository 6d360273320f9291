import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { unifiedDiff } from '../../../../stages/stage0/sets/unified-diff.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-diff-'));
after(() => rmSync(dir, { recursive: true }));

/** What patch(1) makes of the old lines. */
function patched(before: readonly string[], diff: readonly string[]): string[] {
  const [old, patch] = [join(dir, 'old'), join(dir, 'patch')];
  writeFileSync(old, before.map((line) => `${line}\n`).join(''));
  writeFileSync(patch, ['--- old', '+++ old', ...diff, ''].join('\n'));
  const text = execFileSync('patch', ['-s', '-o', '-', old, patch], { encoding: 'utf8' });
  return text === '' ? [] : text.trimEnd().split('\n');
}

test('equal texts have no difference', () => {
  assert.deepEqual(unifiedDiff(['a', 'b'], ['a', 'b']), []);
  assert.deepEqual(unifiedDiff([], []), []);
});

test('a change has three lines around it, and far changes have hunks of their own', () => {
  const before = Array.from({ length: 20 }, (_, index) => `line ${index}`);
  const changed = before.with(2, 'two').with(17, 'seventeen');
  assert.deepEqual(unifiedDiff(before, changed), [
    '@@ -1,6 +1,6 @@',
    ' line 0',
    ' line 1',
    '-line 2',
    '+two',
    ' line 3',
    ' line 4',
    ' line 5',
    '@@ -15,6 +15,6 @@',
    ' line 14',
    ' line 15',
    ' line 16',
    '-line 17',
    '+seventeen',
    ' line 18',
    ' line 19',
  ]);
});

test('what comes from nothing, or goes, has an empty range', () => {
  assert.deepEqual(unifiedDiff([], ['a']), ['@@ -0,0 +1,1 @@', '+a']);
  assert.deepEqual(unifiedDiff(['a'], []), ['@@ -1,1 +0,0 @@', '-a']);
});

test('patch(1) turns the old text into the new one by it', (t) => {
  try {
    execFileSync('patch', ['--version'], { stdio: 'ignore' });
  } catch {
    return t.skip('patch is not installed');
  }
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 1103515245 + 12345) % 2 ** 31) % below;
  for (let round = 0; round < 40; round++) {
    const before = Array.from({ length: random(30) }, () => `l${random(6)}`);
    const changed = before.flatMap((line) =>
      random(5) === 0 ? [] : random(5) === 0 ? [line, `n${random(6)}`] : [line],
    );
    const diff = unifiedDiff(before, changed);
    if (diff.length > 0) assert.deepEqual(patched(before, diff), changed, diff.join('\n'));
    else assert.deepEqual(before, changed);
  }
});

test('texts too different for a table are told as replaced', () => {
  const before = Array.from({ length: 3000 }, (_, index) => `a${index}`);
  const diff = unifiedDiff(
    before,
    before.map((line) => line.replace('a', 'b')),
  );
  assert.equal(diff.length, 6001);
});
