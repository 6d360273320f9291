import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { PodStore } from '../../stages/stage0/pod/store.ts';
import { isLocked } from '../../stages/stage0/pod/lock.ts';
import { eventually } from '../harness/eventually.ts';
import { assertNothingLeft } from '../harness/leaks.ts';
import { cliEnvironment, commandLine, podOk } from '../harness/pod-cli.ts';
import { statusOf } from '../harness/pod-status.ts';
import { type Snapshot, takeSnapshot } from '../harness/snapshot.ts';
import { type Call, callLines, evenly, killAtCall, numberCalls, untilKilled } from './launch-points.ts';
import { isWholeSweep, sample } from './random.ts';
import { inLanes, removeAll, told } from './survive.ts';

const LANES = 2;
const POINTS = isWholeSweep ? 300 : 24;
const FIRST_PORT = 28_280;

const scratch = mkdtempSync('/var/tmp/pod-gc-');
let atStart: Snapshot;
let calls: readonly Call[] = [];
let first = 0;

before(async () => {
  atStart = takeSnapshot();
  await leaveDeadPod(0);
  const trace = `${scratch}/trace`;
  await strace(['-o', trace], 0);
  const lines = callLines(readFileSync(trace, 'utf8'));
  calls = numberCalls(lines);
  first = lines.findIndex((line) => line.includes('/pods/'));
});
after(async () => {
  for (let lane = 0; lane < LANES; lane++) await removeAll(rootOf(lane));
  await assertNothingLeft(atStart, scratch);
  rmSync(scratch, { recursive: true, force: true });
});

test('gc killed at any of its calls leaves what the next one removes', async () => {
  assert.ok(calls.length - first > 100);
  const points = sample(evenly(POINTS, calls, first, calls.length - 1), POINTS, 1);
  let killed = 0;
  told('gc', points.length);
  await inLanes(LANES, points, async (point, lane) => {
    const wasKilled = await untilKilled(point, async (call) => {
      await leaveDeadPod(lane);
      const isKilled = await strace(['-o', '/dev/null', '-e', killAtCall(call)], lane);
      await removeAll(rootOf(lane));
      return isKilled;
    });
    if (wasKilled) killed++;
  });
  assert.ok(killed >= 0.8 * points.length, `${killed} of ${points.length} calls were come to`);
});

/** Whether it was killed. */
async function strace(options: readonly string[], lane: number): Promise<boolean> {
  const gc = [process.execPath, ...commandLine(['gc', '--grace', '0s', '-q'], rootOf(lane))];
  const { exitCode, signal } = await execa('strace', ['-qq', ...options, ...gc], {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
  });
  assert.ok(exitCode === 0 || signal === 'SIGKILL', `${exitCode} ${signal}`);
  return signal === 'SIGKILL';
}

/** One that holds all it ever took: its monitor and its init are killed at once. */
async function leaveDeadPod(lane: number): Promise<void> {
  const root = rootOf(lane);
  const uuid = await podOk(['run', '-d', '-'], { root, input: manifestText(FIRST_PORT + lane) });
  const { path } = new PodStore(root).locate(uuid)!;
  const { apps } = await statusOf(root, uuid);
  const init = parentOf(apps[0]!.pid!);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await eventually(() => Promise.resolve(assert.equal(isLocked(path), false)));
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

function rootOf(lane: number): string {
  return `${scratch}/root-${lane}`;
}

function manifestText(hostPort: number): string {
  const app = {
    name: 'dead',
    image: 'host',
    exec: ['/bin/sh', '-c', 'mkdir -p /data/a/b /tmp/c; echo >/data/a/b/c; exec sleep 1000'],
    mounts: [{ volume: 'data', path: '/data' }],
    ports: [{ name: 'http', port: 80, hostPort }],
  };
  const volumes = [{ name: 'data', kind: 'empty', medium: 'disk' }];
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'gc-sweep' }, volumes, apps: [app] });
}
