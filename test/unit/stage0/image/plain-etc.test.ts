import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasPlainEtc } from '../../../../stages/stage0/image/plain-etc.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();

function makeLayers(name: string): [lower: string, upper: string] {
  const layers: [string, string] = [join(scratch, name, 'lower'), join(scratch, name, 'upper')];
  for (const layer of layers) mkdirSync(layer, { recursive: true });
  return layers;
}

const asRoot = { skip: process.geteuid?.() !== 0 && 'needs root' };

test('/etc is plain when it is a directory of root, or missing', asRoot, () => {
  const [lower, upper] = makeLayers('plain');
  assert.equal(hasPlainEtc([lower, upper]), true);
  mkdirSync(join(lower, 'etc'), { mode: 0o755 });
  assert.equal(hasPlainEtc([lower, upper]), true);
  chmodSync(join(lower, 'etc'), 0o750);
  assert.equal(hasPlainEtc([lower, upper]), false);
});

test('a link or a file in place of /etc, in the topmost layer that has one, is not plain', () => {
  const [lower, upper] = makeLayers('other');
  mkdirSync(join(lower, 'etc'));
  symlinkSync('usr/etc', join(upper, 'etc'));
  assert.equal(hasPlainEtc([lower, upper]), false);
  rmSync(join(upper, 'etc'));
  writeFileSync(join(upper, 'etc'), '');
  assert.equal(hasPlainEtc([lower, upper]), false);
});
