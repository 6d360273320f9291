import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Description } from '../../../../stages/stage0/sets/describe.ts';
import { DescriptionCache } from '../../../../stages/stage0/sets/description-cache.ts';

const dir = mkdtempSync(join(tmpdir(), 'pod-cache-'));
after(() => rmSync(dir, { recursive: true }));

const PATH = join(dir, 'descriptions.json');
const FILE = { file: 'a.pod.yaml', path: '/f/a.pod.yaml', baseDir: '/f', text: 'text' };
const DESCRIPTION: Description = {
  name: 'a',
  at: { file: FILE.path, line: 1, col: 1 },
  form: 'form',
  references: { images: [], sources: [] },
  hostPorts: [],
  rollout: { dependsOn: [], strategy: 'replace', mayBePruned: true },
};

function keep(): void {
  const cache = new DescriptionCache(PATH);
  cache.keep(FILE, DESCRIPTION);
  cache.save();
}

const recall = (): Description | undefined => new DescriptionCache(PATH).recall(FILE);

test('what was kept is recalled for the same text only', () => {
  keep();
  assert.equal(recall()?.form, 'form');
  assert.equal(new DescriptionCache(PATH).recall({ ...FILE, text: 'other' }), undefined);
});

test('what is malformed is as if it were not there, and is written anew', () => {
  keep();
  const good = readFileSync(PATH, 'utf8');
  const odd = { path: FILE.path, baseDir: FILE.baseDir, description: null };
  for (const text of [
    '',
    '{',
    '[]',
    '{"version":1}',
    '{"version":1,"files":null}',
    '{"version":1,"files":7,"digest":"x"}',
    JSON.stringify({ version: 1, files: { [FILE.file]: odd } }),
    good.replace('"name":"a"', '"name":7'),
    good.slice(0, -3),
  ]) {
    writeFileSync(PATH, text);
    assert.equal(recall(), undefined, text);
    keep();
    assert.equal(readFileSync(PATH, 'utf8'), good, text);
  }
});
