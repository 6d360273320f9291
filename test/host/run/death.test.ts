import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cgroupMountPoints } from '../../../stages/stage0/pod/host-pids.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();
const GONE_MS = 100;

interface Processes {
  readonly monitor: number;
  readonly init: number;
  readonly apps: readonly number[];
}

async function start(name: string): Promise<{ uuid: string } & Processes> {
  const uuid = await podOk(['run', '-d', '-'], { root, input: shellManifest(name, { a: STUBBORN, b: STUBBORN }) });
  const { apps } = await statusOf(root, uuid);
  const pids = apps.map(({ pid }) => pid!);
  const init = parentOf(pids[0]!);
  return { uuid, monitor: parentOf(init), init, apps: pids };
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Zombies are gone but for their number. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // Not there, or ended while it was read.
    return false;
  }
}

/** Looks until the processes are gone, or it has taken too long. */
function untilGone(pids: readonly number[], limitMs: number): number {
  const startMs = performance.now();
  while (pids.some(isAlive) && performance.now() - startMs < limitMs);
  return performance.now() - startMs;
}

function cgroupsOf(uuid: string): string[] {
  return cgroupMountPoints().flatMap((dir) => readdirSync(dir).filter((name) => name.includes(uuid)));
}

test('when init is killed all its apps are gone at once, and the pod is told of as killed', async () => {
  const { uuid, init, apps } = await start('headless');
  process.kill(init, 'SIGKILL');
  const tookMs = untilGone(apps, 20 * GONE_MS);
  assert.ok(tookMs < GONE_MS, `${tookMs} ms`);
  await podOk(['wait', uuid, '--for', 'exit'], { root });
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, status.exitCode], ['exited', 137]);
  for (const { state, exitCode } of status.apps) assert.deepEqual([state, exitCode], ['exited', 137]);
  await podOk(['rm', uuid], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
});

test('when the monitor is killed the apps run on, and can be used and stopped', async () => {
  const { uuid, monitor, init, apps } = await start('orphan');
  process.kill(monitor, 'SIGKILL');
  untilGone([monitor], 20 * GONE_MS);
  assert.equal(apps.every(isAlive), true);
  assert.equal((await statusOf(root, uuid)).state, 'running');
  assert.equal(await podOk(['exec', uuid, '--', '/bin/echo', 'here'], { root }), 'here');
  await podOk(['gc', '--grace', '0s'], { root });
  assert.equal(apps.every(isAlive), true);
  await podOk(['stop', '--grace', '0s', uuid], { root });
  assert.equal([init, ...apps].some(isAlive), false);
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, ...status.apps.map((app) => app.exitCode)], ['exited', 137, 137]);
  await podOk(['rm', uuid], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
});

test('when both are killed nothing is left that gc does not remove', async () => {
  const { uuid, monitor, init, apps } = await start('both');
  process.kill(monitor, 'SIGKILL');
  process.kill(init, 'SIGKILL');
  untilGone([init, ...apps], 20 * GONE_MS);
  const status = await statusOf(root, uuid);
  assert.equal(status.state, 'exited');
  assert.equal((await pod(['exec', uuid, '--', '/bin/true'], { root })).exitCode, 125);
  await podOk(['gc', '--grace', '0s'], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
  assert.equal((await pod(['status', uuid], { root })).exitCode, 1);
});
