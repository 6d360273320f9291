import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { assertNothingLeft } from '../harness/leaks.ts';
import { type Snapshot, takeSnapshot } from '../harness/snapshot.ts';
import { possibleErrnos } from './errnos.ts';
import { isWholeSweep, sample } from './random.ts';
import { assertClear, inLanes, type Outcome, removeAll, told } from './survive.ts';
import { type Role, ROLES, type TracePoint, TracedPod } from './traced-stage1.ts';

const LANES = 2;
const FIRST_PORT = 28_180;
const SEED = 20_261_126;

const scratch = mkdtempSync('/var/tmp/pod-stage1-');
const pods: TracedPod[] = [];
const calls = new Map<Role, readonly string[]>();
let atStart: Snapshot;

before(async () => {
  for (let lane = 0; lane < LANES; lane++) {
    writeFileSync(manifestOf(lane), manifestText(FIRST_PORT + lane));
    pods.push(new TracedPod(`${scratch}/pod-${lane}`));
  }
  atStart = takeSnapshot();
  for (const role of ROLES) {
    calls.set(role, await pods[0]!.countCalls(role, rootOf(0), manifestOf(0)));
    await removeAll(rootOf(0));
  }
});
after(async () => {
  for (let lane = 0; lane < LANES; lane++) await removeAll(rootOf(lane));
  await assertNothingLeft(atStart, scratch);
  rmSync(scratch, { recursive: true, force: true });
});

for (const [role, count] of [
  ['monitor', 40],
  ['init', 40],
  ['app', 5],
] as const) {
  test(`the ${role} killed at any of its calls: a pod that runs, or a clear error, and nothing gc does not remove`, async () => {
    const outcomes = await sweep(sample(pointsOf(role), count, SEED));
    // An app that is killed before its execve has started and ended, as any other that somebody kills.
    // In a part of the sweep there need not be one.
    if (outcomes.length >= count) assert.equal(outcomes.includes('refused'), role !== 'app');
  });
}

test('any call of stage1 that fails: a pod that runs, or a clear error, and nothing gc does not remove', async () => {
  const points = ROLES.flatMap((role) =>
    pointsOf(role).flatMap((point) => possibleErrnos(point.name).map((errno) => ({ ...point, errno }))),
  );
  // What nobody watches nobody hears of: these are tried one and all.
  const isWatch = ({ role, name, errno }: TracePoint): boolean =>
    role === 'init' && name === 'epoll_ctl' && errno === 'ENOSPC';
  const outcomes = await sweep([
    ...new Set([...sample(points, 50, SEED), ...(isWholeSweep ? [] : points.filter(isWatch))]),
  ]);
  assert.ok(outcomes.filter((outcome) => outcome === 'refused').length >= outcomes.length / 5);
});

function pointsOf(role: Role): TracePoint[] {
  return calls.get(role)!.map((name, index) => ({ role, name, call: index + 1 }));
}

async function sweep(points: readonly TracePoint[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  told(`calls of stage1 (${points[0]?.role})`, points.length);
  await inLanes(LANES, points, async (point, lane) => {
    const result = await pods[lane]!.runWith(point, rootOf(lane), manifestOf(lane));
    const outcome = assertClear(result);
    // Not what failed without it.
    if (outcome === 'refused' && point.role === 'init' && !point.errno)
      assert.match(result.stderr, /its init was killed by SIGKILL/, JSON.stringify(point));
    outcomes.push(outcome);
    await removeAll(rootOf(lane));
  });
  return outcomes;
}

function rootOf(lane: number): string {
  return `${scratch}/root-${lane}`;
}

function manifestOf(lane: number): string {
  return `${scratch}/pod-${lane}.yaml`;
}

function manifestText(hostPort: number): string {
  const app = (name: string): object => ({
    name,
    image: 'host',
    exec: ['/bin/sleep', '1000'],
    mounts: [{ volume: 'data', path: '/data' }],
    isolators: { 'resource/memory': { limit: '64Mi' } },
    stop: { signal: 'SIGKILL' },
  });
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'stage1-sweep' },
    volumes: [{ name: 'data', kind: 'empty', medium: 'disk' }],
    apps: [{ ...app('first'), ports: [{ name: 'http', port: 80, hostPort }] }, app('second')],
  });
}
