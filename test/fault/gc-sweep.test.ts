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
import { evenly } from './launch-points.ts';
import { inLanes, removeAll } from './survive.ts';

const LANES = 2;
const POINTS = process.env['POD_SWEEP'] === 'all' ? 300 : 24;
const FIRST_PORT = 28_280;

const scratch = mkdtempSync('/var/tmp/pod-gc-');
let atStart: Snapshot;
let first = 0;
let last = 0;

before(async () => {
  atStart = takeSnapshot();
  await leaveDeadPod(0);
  const trace = `${scratch}/trace`;
  await strace(['-o', trace], 0);
  const calls = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => /^\w+\(/.test(line));
  first = calls.findIndex((line) => line.includes('/pods/')) + 1;
  last = calls.length;
});
after(async () => {
  for (let lane = 0; lane < LANES; lane++) await removeAll(rootOf(lane));
  await assertNothingLeft(atStart, scratch);
  rmSync(scratch, { recursive: true, force: true });
});

test('gc killed at any of its calls leaves what the next one removes', async () => {
  assert.ok(last - first > 100);
  await inLanes(LANES, evenly(POINTS, first, last, false), async (point, lane) => {
    assert.ok('call' in point);
    await leaveDeadPod(lane);
    await strace(['-o', '/dev/null', '-e', `inject=all:signal=KILL:when=${point.call}`], lane);
    await removeAll(rootOf(lane));
  });
});

async function strace(options: readonly string[], lane: number): Promise<void> {
  const gc = [process.execPath, ...commandLine(['gc', '--grace', '0s', '-q'], rootOf(lane))];
  const { exitCode, signal } = await execa('strace', ['-qq', ...options, ...gc], {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
  });
  assert.ok(exitCode === 0 || signal === 'SIGKILL', `${exitCode} ${signal}`);
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
