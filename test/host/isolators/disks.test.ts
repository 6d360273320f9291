import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { run } from '../../../stages/stage0/index.ts';
import { findDisk } from '../../../stages/stage0/plan/disk.ts';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { outputOf, runIsolated } from './isolated-pod.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();

const hasBlock = facts.hierarchies.some(({ controllers }) => controllers.some((each) => /^(io|blkio)$/.test(each)));
const disk = findDisk(root).disks[0];
const skip = (!hasBlock && 'no controller for input and output') || (disk === undefined && 'no disk below the test');

const MIB = 1 << 20;
const DATA = {
  volumes: [{ name: 'data', kind: 'empty' }],
  more: { mounts: [{ volume: 'data', path: '/data' }] },
};

function dd(direction: 'read' | 'write', block: string, count: number): string {
  return direction === 'write'
    ? `dd if=/dev/zero of=/data/file bs=${block} count=${count} oflag=direct 2>&1`
    : `dd if=/data/file of=/dev/null bs=${block} count=${count} iflag=direct 2>&1`;
}

/** Seconds that each dd of an output took. */
function secondsOf(output: string): number[] {
  return [...output.matchAll(/, ([0-9.]+) s,/g)].map((match) => Number(match[1]));
}

const MAX_TRIES = 10;

/**
 * Within a tenth of what the limit says, each of several. A busy machine adds to it, nothing takes from it: what takes longer is tried
 * again, and what takes less is never right.
 */
async function assertAbout(measure: () => Promise<readonly number[]>, ...expected: number[]): Promise<void> {
  const tries: string[] = [];
  while (tries.length < MAX_TRIES) {
    const seconds = await measure();
    tries.push(seconds.join(' and '));
    assert.ok(seconds.length === expected.length && seconds.every((s, i) => s > expected[i]! * 0.9), tries.join(', '));
    if (seconds.every((s, i) => s < expected[i]! * 1.1)) return;
  }
  assert.fail(`${tries.join(', ')} s, not ${expected.join(' and ')}`);
}

test('bandwidth of a disk, found from a path, each way', { skip }, async () => {
  const limits = { disks: [{ path: root, read: '8Mi', write: '4Mi' }] };
  const command = `${dd('write', '64k', 128)}; ${dd('read', '64k', 128)}`;
  const measure = (): Promise<string> =>
    outputOf(root, command, { app: { 'resource/block-bandwidth': limits }, ...DATA });
  await assertAbout(async () => secondsOf(await measure()), (8 * MIB) / (4 * MIB), 1);
});

test('operations on every disk', { skip }, async () => {
  const command = `${dd('write', '4k', 200)}; ${dd('read', '4k', 200)}`;
  const app = { 'resource/block-iops': { default: true, limit: 100 } };
  await assertAbout(async () => secondsOf(await outputOf(root, command, { app, ...DATA })), 2, 2);
});

test('the limit of the pod bounds its apps', { skip }, async () => {
  const pod = { 'resource/block-bandwidth': { write: '4Mi' } };
  await assertAbout(async () => secondsOf(await outputOf(root, dd('write', '64k', 128), { pod, ...DATA })), 2);
});

test('a limit is changed, and taken away, while the pod runs', { skip }, async () => {
  const isolators = { 'resource/block-bandwidth': { write: '4Mi' } };
  const exec = ['/bin/sleep', '1000'];
  const app = { name: 'app', image: 'host', exec, mounts: DATA.more.mounts, isolators };
  const about = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'disks' }, network: { mode: 'none' } };
  await using started = await run({ ...about, volumes: DATA.volumes, apps: [app] }, { root });
  const write = async (count: number): Promise<number[]> => {
    const { stdout } = await started.exec(['/bin/bash', '-c', dd('write', '64k', count)]);
    return secondsOf(stdout);
  };
  await assertAbout(() => write(128), 2);
  await started.update({ 'app/app/resource/block-bandwidth.write': '2Mi' });
  await assertAbout(() => write(64), 2);
  await started.update({ 'app/app/resource/block-bandwidth': null });
  // As long as it may be on a slow disk: less than the limit that was there before would have let it.
  const [seconds] = await write(128);
  assert.ok(seconds! < (8 * MIB) / (2 * MIB) / 2, `${seconds} s`);
});

test('what an app reads and writes is shown for its disk', { skip }, async () => {
  const exec = ['/bin/bash', '-c', `${dd('write', '64k', 64)} && ${dd('read', '64k', 32)} && echo done && sleep 1000`];
  const isolators = { 'resource/block-bandwidth': { limit: '1G' } };
  const app = { name: 'app', image: 'host', exec, mounts: DATA.more.mounts, isolators };
  const about = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'disks' }, network: { mode: 'none' } };
  await using started = await run({ ...about, volumes: DATA.volumes, apps: [app] }, { root });
  await eventually(async () => assert.equal(started.logs().at(-1)?.text, 'done'));
  for (const { usage } of [(await started.resources())!, (await started.resources())!.apps['app']!]) {
    const used = usage.disks?.find(({ device }) => device === disk);
    // With what the file system writes besides.
    assert.ok(used && used.writtenBytes >= 4 * MIB && used.writtenBytes < 6 * MIB, JSON.stringify(usage.disks));
    assert.ok(used.readBytes >= 2 * MIB && used.reads >= 32 && used.writes >= 64, JSON.stringify(used));
  }
});

test('a loop device is a disk', { skip: skip || (!existsSync('/dev/loop-control') && 'no loop devices') }, async () => {
  const image = join(root, 'image');
  const mount = join(root, 'mount');
  mkdirSync(mount);
  execFileSync('truncate', ['-s', '32M', image]);
  execFileSync('mkfs.ext4', ['-q', image]);
  execFileSync('mount', ['-o', 'loop', image, mount]);
  try {
    mkdirSync(join(mount, 'data'), { mode: 0o777 });
    execFileSync('chmod', ['777', join(mount, 'data')]);
    const source = join(mount, 'data');
    const isolators = {
      app: { 'resource/block-bandwidth': { disks: [{ path: source, write: '2Mi' }] } },
      volumes: [{ name: 'data', kind: 'host', source }],
      more: DATA.more,
    };
    await assertAbout(async () => secondsOf(await outputOf(root, dd('write', '64k', 64), isolators)), 2);
  } finally {
    execFileSync('umount', [mount]);
  }
});

test('a path on a file system without a disk is refused at its line', { skip }, async () => {
  const limits = { disks: [{ path: '/dev/shm', write: '4Mi' }] };
  const { stderr, exitCode } = await runIsolated(root, 'true', { app: { 'resource/block-bandwidth': limits } });
  assert.equal(exitCode, 125);
  assert.match(stderr, /^-:\d+:\d+: .*"\/dev\/shm": its file system has no disk/m);
});
