import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { SourceCache } from '../../../../stages/stage0/source/cache.ts';
import type { GitReference } from '../../../../stages/stage0/source/reference.ts';

const root = mkdtempSync('/tmp/pod-source-cache-');
after(() => rmSync(root, { recursive: true, force: true }));

const SOURCE: GitReference = { kind: 'git', transport: 'file', url: 'file:///srv/x', path: '', ref: undefined };

test('a source that could not be opened is not locked for the rest of the process', async () => {
  (await SourceCache.open(root, SOURCE))[Symbol.dispose]();
  const [key] = readdirSync(`${root}/sources`);
  const note = `${root}/sources/${key}/origin`;
  rmSync(note);
  mkdirSync(note);
  await assert.rejects(SourceCache.open(root, SOURCE), { code: 'state/io' });
  rmSync(note, { recursive: true });
  using again = await SourceCache.open(root, SOURCE, AbortSignal.timeout(2000));
  assert.equal(again.dir, `${root}/sources/${key}`);
});
