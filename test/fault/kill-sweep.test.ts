import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { assertNothingLeft } from '../harness/leaks.ts';
import { podOk } from '../harness/pod-cli.ts';
import { takeSnapshot } from '../harness/snapshot.ts';
import { type Outcome, surviveKill } from './killed-launch.ts';
import { isWholeSweep, sample } from './random.ts';
import { told } from './survive.ts';
import { delays, evenly, type KillPoint, traceLaunch, untilKilled } from './launch-points.ts';

/** As many launches at once, each in a state directory of its own. */
const LANES = 3;
const FIRST_PORT = 28_080;

const scratch = mkdtempSync('/var/tmp/pod-kill-');
const outcomes: Outcome[] = [];
let points: readonly KillPoint[] = [];
const reached: boolean[] = [];

before(async () => {
  for (let lane = 0; lane < LANES; lane++) writeFileSync(manifestOf(lane), manifestText(FIRST_PORT + lane));
  const first = await traceLaunch(rootOf(0), manifestOf(0));
  await podOk(['rm', '--force', 'kill-sweep'], { root: rootOf(0) });
  const startMs = performance.now();
  const later = await traceLaunch(rootOf(0), manifestOf(0));
  const durationMs = performance.now() - startMs;
  await podOk(['rm', '--force', 'kill-sweep'], { root: rootOf(0) });
  const times = isWholeSweep ? 4 : 1;
  const all: KillPoint[] = [
    ...evenly(10 * times, first.calls, first.manifest, first.last).map((call) => ({ ...call, isFirstRun: true })),
    ...evenly(10 * times, later.calls, later.manifest, later.directory).map((call) => ({ ...call, isFirstRun: false })),
    ...evenly(60 * times, later.calls, later.directory, later.last).map((call) => ({ ...call, isFirstRun: false })),
    ...delays(24 * times, durationMs),
  ];
  points = sample(all, all.length, 1);
  told('launches', points.length);
});

after(() => rmSync(scratch, { recursive: true, force: true }));

test('stage0 killed at any of 100 points leaves a pod that runs and is listed, or what gc removes', async () => {
  assert.ok(isWholeSweep || points.length >= 100);
  const atStart = takeSnapshot();
  const queue = points.map((point, index) => ({ point, index }));
  await Promise.all(Array.from({ length: LANES }, (_, lane) => work(lane, queue)));
  await assertNothingLeft(atStart);
});

test('the points reach over the whole launch', () => {
  const count = (outcome: Outcome): number => outcomes.filter((one) => one === outcome).length;
  assert.ok(count('removed') >= outcomes.length / 5, `${count('removed')} launches were cut short`);
  const killed = reached.filter(Boolean).length;
  assert.ok(killed >= 0.8 * reached.length, `${killed} of ${reached.length} calls were come to`);
  assert.ok(count('runs') >= outcomes.length / 40, `${count('runs')} pods outlived stage0`);
});

async function work(lane: number, queue: { point: KillPoint; index: number }[]): Promise<void> {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { point, index } = next;
    const isFirstRun = 'name' in point && point.isFirstRun;
    try {
      const killAt = async (at: KillPoint): Promise<boolean> => {
        const root = isFirstRun ? `${scratch}/first-${index}-${outcomes.length}` : rootOf(lane);
        const { outcome, wasKilled } = await surviveKill(root, manifestOf(lane), at);
        outcomes.push(outcome);
        return wasKilled;
      };
      if ('name' in point) reached.push(await untilKilled(point, (call) => killAt({ ...call, isFirstRun })));
      else await killAt(point);
    } catch (error) {
      throw new Error(`killed at ${JSON.stringify(point)}`, { cause: error });
    }
  }
}

function rootOf(lane: number): string {
  return `${scratch}/root-${lane}`;
}

function manifestOf(lane: number): string {
  return `${scratch}/pod-${lane}.yaml`;
}

function manifestText(hostPort: number): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'kill-sweep' },
    volumes: [{ name: 'data', kind: 'empty', medium: 'disk' }],
    apps: [
      {
        name: 'sleeper',
        image: 'host',
        exec: ['/bin/sleep', '1000'],
        mounts: [{ volume: 'data', path: '/data' }],
        ports: [{ name: 'http', port: 80, hostPort }],
        isolators: { 'resource/memory': { limit: '64Mi' } },
        stop: { signal: 'SIGKILL' },
      },
    ],
  });
}
