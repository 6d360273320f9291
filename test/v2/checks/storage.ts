import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isFreeProject } from '../../../stages/linux/quota.ts';
import { collect } from '../../../stages/stage0/gc/collect.ts';
import { DEFAULT_COLLECT } from '../../../stages/stage0/gc/collection.ts';
import { listClaims } from '../../../stages/stage0/pod/claims.ts';
import { PROJECT_KIND } from '../../../stages/stage0/pod/projects.ts';
import { readStoreFacts } from '../../../stages/stage0/plan/store-facts.ts';
import type { Check } from '../checks.ts';
import { start, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

const MIB = 1 << 20;
const VOLUME = {
  volumes: [{ name: 'data', kind: 'empty' }],
};
const MOUNTS = [{ volume: 'data', path: '/data' }];
const DISK = { 'resource/disk-space': { limit: '8Mi' } };
const ALL = { 'resource/ephemeral-storage': { limit: '8Mi' } };

/** How much the probe could write, and what the kernel said then. */
async function fill(root: string, path: string, isolators: Json, pod: Json = {}): Promise<[number, string]> {
  let found: [number, string] = [0, ''];
  const exec = ['/usr/bin/probe', 'fill', path, String(12 * MIB)];
  await toEnd(start(root, exec, { isolators, mounts: MOUNTS }, { ...VOLUME, ...pod }), ({ output }) => {
    const [, bytes, refusal] = /^filled (\d+): (\w+)$/m.exec(output) ?? [];
    found = [Number(bytes), refusal ?? output];
  });
  return found;
}

function assertLimited([bytes, refusal]: [number, string], expected: string): void {
  assert.equal(refusal, expected);
  assert.ok(bytes > 6 * MIB && bytes <= 8 * MIB, `${bytes} bytes`);
}

async function byQuota(root: string): Promise<void> {
  assert.equal(readStoreFacts(root).hasProjectQuota, true);
  assertLimited(await fill(root, '/file', DISK), 'EDQUOT');
  assertLimited(await fill(root, '/file', ALL), 'EDQUOT');
  assertLimited(await fill(root, '/data/file', ALL), 'EDQUOT');
  assertLimited(await fill(root, '/data/file', {}, { isolators: ALL }), 'EDQUOT');
  assert.deepEqual(await fill(root, '/data/file', DISK), [12 * MIB, 'ok']);
  assertLimited(
    await fill(root, '/data/file', {}, { volumes: [{ name: 'data', kind: 'empty', size: '8Mi' }] }),
    'EDQUOT',
  );
}

/** The kernel counts for the project, and tells it as the size of the layer's file system. */
async function tellsQuota(root: string): Promise<void> {
  await using pod = await start(root, ['/usr/bin/probe', 'hold'], { isolators: DISK }, {});
  const read = async (): Promise<{ limitBytes: number; usedBytes: number }> =>
    Object.values((await pod.resources())!.apps)[0]!.inForce['resource/disk-space'] as never;
  const before = await read();
  assert.equal(before.limitBytes, 8 * MIB);
  await pod.exec(['/usr/bin/probe', 'fill', '/file', String(3 * MIB)]);
  const added = (await read()).usedBytes - before.usedBytes;
  assert.ok(added >= 3 * MIB && added < 4 * MIB, `${added} bytes more`);
}

function projectState(root: string, id: number): { isFree: boolean; claims: string[] } {
  const fd = openSync(root, 'r');
  try {
    return { isFree: isFreeProject(fd, id), claims: listClaims(root, PROJECT_KIND).map(({ key }) => key) };
  } finally {
    closeSync(fd);
  }
}

/** The limit goes with the pod, and its project is another's to take. */
async function givesProjectBack(root: string): Promise<void> {
  const pod = await start(root, ['/bin/true'], { isolators: DISK }, {});
  await pod.exit;
  const ledger = readFileSync(join(root, 'pods/exited', pod.uuid, 'ledger'), 'utf8');
  const id = Number(/"kind":"project","id":(\d+)/.exec(ledger)?.[1]);
  const { isFree, claims } = projectState(root, id);
  assert.deepEqual([isFree, claims], [false, [String(id)]]);
  await collect(root, { ...DEFAULT_COLLECT, graceMs: 0 });
  assert.deepEqual(projectState(root, id), { isFree: true, claims: [] });
}

/** An image cannot be left by whoever owns its files in the host's user namespace. */
async function byImage(root: string): Promise<void> {
  assertLimited(await fill(root, '/file', DISK, { userns: 'host' }), 'ENOSPC');
  assertLimited(await fill(root, '/data/file', ALL, { userns: 'host' }), 'ENOSPC');
}

export const STORAGE_CHECKS: readonly Check[] = [
  { name: 'a project quota limits layers and volumes on disk', run: byQuota },
  { name: 'what a project quota counts is told', run: tellsQuota },
  { name: 'a project is given back with its pod', run: givesProjectBack },
  { name: "an image limits what is in the host's user namespace", run: byImage },
];
