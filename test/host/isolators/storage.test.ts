import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readStoreFacts } from '../../../stages/stage0/plan/store-facts.ts';
import { PROBE } from '../../harness/paths.ts';
import { pod } from '../../harness/pod-cli.ts';
import { PROBE_INSIDE } from '../../harness/probe-pod.ts';
import { removeRoot, useTempRoot } from '../../harness/temp-root.ts';

type Json = Readonly<Record<string, unknown>>;

const root = useTempRoot();
/** Limits are quotas of projects where the disk has them, as in a guest of test/v2, and images elsewhere. */
const REFUSAL = readStoreFacts(root).hasProjectQuota ? 'EDQUOT' : 'ENOSPC';
const MIB = 1 << 20;
const [major, minor] = release().split('.').map(Number);
const canMapTmpfs = major! > 6 || (major === 6 && minor! >= 3);

interface Asked {
  readonly app?: Json;
  readonly pod?: Json;
  readonly volume?: Json;
  readonly more?: Json;
}

function manifestOf(
  args: readonly string[],
  { app = {}, pod: podIsolators = {}, volume = {}, more = {} }: Asked,
): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'storage' },
    network: { mode: 'none' },
    volumes: [
      { name: 'probe', kind: 'host', source: PROBE, readOnly: true },
      { name: 'data', kind: 'empty', ...volume },
    ],
    apps: [
      {
        name: 'probe',
        image: 'host',
        exec: [PROBE_INSIDE, ...args],
        mounts: [
          { volume: 'probe', path: PROBE_INSIDE },
          { volume: 'data', path: '/data' },
        ],
        isolators: app,
      },
    ],
    isolators: podIsolators,
    ...more,
  });
}

/** How much the probe could write to a file before it was refused, and how. */
async function fill(path: string, asked: Asked, state = root): Promise<{ bytes: number; refusal: string }> {
  const input = manifestOf(['fill', path, String(12 * MIB)], asked);
  const { stdout, stderr, exitCode } = await pod(['run', '--rm', '-'], { root: state, input });
  assert.equal(exitCode, 0, stderr);
  const [, bytes, refusal] = /^filled (\d+): (\w+)$/m.exec(stdout) ?? [];
  return { bytes: Number(bytes), refusal: refusal! };
}

const DISK = { 'resource/disk-space': { limit: '8Mi' } };
const ALL = { 'resource/ephemeral-storage': { limit: '8Mi' } };

const TABLE: readonly (readonly [string, string, Asked, 'root' | 'data' | undefined])[] = [
  ['disk space holds for the writable layer', '/file', { app: DISK }, 'root'],
  ['disk space does not count volumes', '/data/file', { app: DISK }, undefined],
  ['ephemeral storage holds for the writable layer', '/file', { app: ALL }, 'root'],
  ['ephemeral storage counts the volumes of the app', '/data/file', { app: ALL }, 'data'],
  ['ephemeral storage of the pod counts its volumes', '/data/file', { pod: ALL }, 'data'],
  ['a volume on disk has its size', '/data/file', { volume: { size: '8Mi' } }, 'data'],
  ['in memory all of it counts', '/data/file', { app: ALL, volume: { medium: 'memory' } }, undefined],
];

for (const [name, path, asked, limited] of TABLE) {
  test(name, async () => {
    const { bytes, refusal } = await fill(path, asked);
    if (limited === undefined) return assert.deepEqual({ bytes, refusal }, { bytes: 12 * MIB, refusal: 'ok' });
    assert.equal(refusal, REFUSAL);
    assert.ok(bytes > 6 * MIB && bytes <= 8 * MIB, `${bytes} bytes`);
  });
}

test('where the state directory is in memory, so is what is limited', async () => {
  const state = mkdtempSync('/dev/shm/pod-test-');
  try {
    const filled = fill('/file', { app: DISK }, state);
    if (!canMapTmpfs) return await assert.rejects(filled, /tmpfs does since Linux 6\.3/);
    const { bytes, refusal } = await filled;
    assert.equal(refusal, 'ENOSPC');
    // To the page: there is no file system around it that takes some.
    assert.ok(bytes > 7.9 * MIB && bytes <= 8 * MIB, `${bytes} bytes`);
  } finally {
    await removeRoot(state);
    rmSync(state, { recursive: true, force: true });
  }
});

test('an image takes no more of the disk than what is in it, and logs take an eighth', async (context) => {
  if (REFUSAL === 'EDQUOT') return context.skip('limits are quotas here');
  const input = manifestOf(['spam', String(6 * MIB)], { app: { 'resource/ephemeral-storage': { limit: '16Mi' } } });
  const { exitCode, stderr } = await pod(['run', '-'], { root, input });
  assert.equal(exitCode, 0, stderr);
  const pods = join(root, 'pods/exited');
  const dir = join(pods, readdirSync(pods)[0]!);
  const blocks = (path: string): number => statSync(path).blocks * 512;
  const images = readdirSync(dir).filter((name) => name.endsWith('.img'));
  assert.deepEqual(images, ['store.app.probe.img']);
  assert.equal(statSync(join(dir, images[0]!)).size, 14 * MIB);
  assert.ok(blocks(join(dir, images[0]!)) < MIB);
  const logs = readdirSync(join(dir, 'logs'));
  const bytes = logs.reduce((sum, name) => sum + statSync(join(dir, 'logs', name)).size, 0);
  assert.ok(logs.length > 1 && bytes > MIB && bytes <= 2 * MIB, `${bytes} bytes in ${logs.length} files`);
});

const other = { name: 'other', image: 'host', exec: ['/bin/true'], mounts: [{ volume: 'data', path: '/data' }] };

const REFUSED: readonly (readonly [string, string, RegExp])[] = [
  [
    'two limits for the same files',
    manifestOf([], { app: { ...DISK, ...ALL } }),
    /there is a limit for the same files/,
  ],
  [
    'a limit of an app whose pod has one',
    manifestOf([], { app: DISK, pod: ALL }),
    /there is a limit for the same files/,
  ],
  [
    'less than a file system takes',
    manifestOf([], { app: { 'resource/disk-space': { limit: '1k' } } }),
    /not from "1Mi"/,
  ],
  [
    "a volume that is another app's too",
    manifestOf([], { app: ALL, more: {} }).replace('"apps":[', `"apps":[${JSON.stringify(other)},`),
    /app "other" also mounts volume "data"/,
  ],
];

for (const [name, input, message] of REFUSED) {
  test(`${name}: refused at its line`, async () => {
    const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input });
    assert.equal(exitCode, 125);
    assert.match(stderr, /^-:1:\d+: /m);
    assert.match(stderr, message);
  });
}
