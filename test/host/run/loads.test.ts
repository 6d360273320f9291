import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

/** Loaded first; writes the names of Node's own modules that our code asks for to the file that LOADS names. */
const PRELOAD = `
const Module = require('node:module');
const { appendFileSync } = require('node:fs');
const load = Module._load;
Module._load = function (id, ...more) {
  if (id.startsWith('node:')) appendFileSync(process.env.LOADS, id + '\\n');
  return load.call(this, id, ...more);
};`;

test('run, exec, ps and logs load none of Node’s streams, which would cost them 5 ms', async () => {
  const preload = join(root, 'preload.cjs');
  writeFileSync(preload, PRELOAD);
  const manifest = join(root, 'pod.yaml');
  writeFileSync(manifest, shellManifest('lean', { a: POLITE }));
  // The first run compiles what the others recall.
  await podOk(['run', '-d', manifest, '--name', 'first'], { root });
  for (const args of [['run', '-d', manifest], ['exec', 'lean', '/bin/true'], ['ps'], ['logs', 'lean']]) {
    const loads = join(root, `loads-${args[0]}`);
    await podOk(args, { root, env: { NODE_OPTIONS: `--require ${preload}`, LOADS: loads } });
    const names = new Set(readFileSync(loads, 'utf8').trim().split('\n'));
    assert.deepEqual([...names].toSorted(), ['node:fs', 'node:path', 'node:vm'], args[0]);
  }
  await podOk(['rm', '--force', 'first', 'lean'], { root });
});
