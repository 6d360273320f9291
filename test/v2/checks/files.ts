import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodError, PodErrors } from '../../../stages/stage0/index.ts';
import type { Check } from '../checks.ts';
import { shell, start, toEnd } from './pods.ts';

async function everyVolume(root: string): Promise<void> {
  const dir = mkdtempSync('/var/tmp/pod-v2-volume-');
  writeFileSync(join(dir, 'file'), 'host');
  const volumes = [
    { name: 'disk', kind: 'empty', medium: 'disk' },
    { name: 'memory', kind: 'empty', medium: 'memory', size: '1Mi' },
    { name: 'inline', kind: 'inline', files: { file: 'inline' } },
    { name: 'host', kind: 'host', source: dir, readOnly: true },
  ];
  const mounts = volumes.map(({ name }) => ({ volume: name, path: `/srv/${name}` }));
  const script =
    'cd /srv; echo ok > disk/a && cat disk/a; echo ok > memory/a && cat memory/a; echo $(cat inline/file host/file)';
  await toEnd(shell(root, script, { mounts }, { volumes }), ({ output }) => {
    assert.equal(output, 'ok\nok\ninlinehost');
  });
}

/** A root file system with nothing but the probe in it. */
function probeRoot(dir: string): string {
  mkdirSync(join(dir, 'bin'), { recursive: true });
  return dir;
}

function errorsOf(error: unknown): readonly PodError[] {
  if (error instanceof PodErrors) return error.errors;
  assert.ok(error instanceof PodError, String(error));
  return [error];
}

/** hostfs can never be idmapped, tmpfs only since Linux 6.3. */
async function layerWithoutIdmap(root: string): Promise<void> {
  const dir = probeRoot('/run/image');
  await assert.rejects(start(root, ['/bin/probe'], { image: `dir:${dir}` }), (error) => {
    const [first] = errorsOf(error);
    assert.match(first!.message, /user namespace/);
    assert.ok(first!.at && first!.at.line > 1);
    return true;
  });
}

export const FILE_CHECKS: readonly Check[] = [
  { name: 'volumes of every kind work in a user namespace', run: everyVolume },
  { name: 'an image on a file system that cannot be idmapped names its line', run: layerWithoutIdmap },
];
