import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { assertNothingLeft } from '../harness/leaks.ts';
import { eventually } from '../harness/eventually.ts';
import { cliEnvironment, commandLine, podOk } from '../harness/pod-cli.ts';
import { statusOf } from '../harness/pod-status.ts';
import { type Snapshot, takeSnapshot } from '../harness/snapshot.ts';
import { type Call, callLines, evenly, killAtCall, numberCalls, untilKilled } from './launch-points.ts';
import { isWholeSweep, sample } from './random.ts';
import { inLanes, removeAll, told } from './survive.ts';

const LANES = 2;
const POINTS = isWholeSweep ? 200 : 12;
const NAME = 'verb-sweep';
const STOP = ['stop', '--grace', '5s', NAME] as const;
const EXEC = ['exec', NAME, '--', '/bin/sh', '-c', ': >>/done'] as const;

const scratch = mkdtempSync('/var/tmp/pod-verbs-');
let atStart: Snapshot;

before(() => {
  atStart = takeSnapshot();
});
after(async () => {
  for (let lane = 0; lane < LANES; lane++) await removeAll(rootOf(lane));
  await assertNothingLeft(atStart, scratch);
  rmSync(scratch, { recursive: true, force: true });
});

test('stop killed at any of its calls: the pod runs and can be stopped, or stops in its own way', async () => {
  const seen = new Set<string>();
  await sweep(STOP, async (call, lane) => {
    const root = rootOf(lane);
    await startPod(root);
    const wasKilled = await killAt(STOP, call, lane);
    // What was asked for before the end of stop goes on without it; else it is asked for again.
    const { state } = await statusOf(root, NAME);
    if (state === 'running') await podOk(STOP, { root });
    const { state: ended, exitCode, death } = await statusOf(root, NAME);
    assert.deepEqual([ended, exitCode, death], ['exited', 7, null], `it was ${state}`);
    seen.add(state);
    await podOk(['rm', NAME], { root });
    return wasKilled;
  });
  if (!isWholeSweep) assert.ok(seen.has('running'), 'no point is before the stop');
});

test('exec killed at any of its calls: the pod goes on, takes the next command, and keeps nothing of this one', async () => {
  for (let lane = 0; lane < LANES; lane++) await startPod(rootOf(lane));
  await sweep(EXEC, async (call, lane) => {
    const root = rootOf(lane);
    const wasKilled = await killAt(EXEC, call, lane);
    // init, the app's shell and its sleep, and this shell, which counts without a process of its own.
    const count = 'i=0; while set -- /proc/[0-9]*; [ $# -gt 4 ] && [ $i -lt 5000 ]; do i=$((i+1)); done; echo $#';
    const processes = await podOk(['exec', NAME, '--', '/bin/sh', '-c', count], { root });
    assert.equal(processes.trim(), '4');
    assert.equal((await statusOf(root, NAME)).state, 'running');
    return wasKilled;
  });
});

async function sweep(verb: readonly string[], handle: (call: Call, lane: number) => Promise<boolean>): Promise<void> {
  const root = rootOf(0);
  if (verb === STOP) await startPod(root);
  const trace = `${scratch}/trace`;
  await strace(['-o', trace], verb, 0);
  if (verb === STOP) await podOk(['rm', NAME], { root });
  const lines = callLines(readFileSync(trace, 'utf8'));
  // Before it looks for the pod it is Node that starts.
  const first = lines.findIndex((line) => line.includes(`${root}/`));
  assert.ok(first > 0 && lines.length - first > 20, `${lines.length} calls, of which ${first} to begin with`);
  const points = sample(evenly(POINTS, numberCalls(lines), first, lines.length - 1), POINTS, 1);
  let killed = 0;
  told(verb[0]!, points.length);
  await inLanes(LANES, points, async (point, lane) => {
    if (await untilKilled(point, (call) => handle(call, lane))) killed++;
  });
  assert.ok(killed >= 0.6 * points.length, `${killed} of ${points.length} calls were come to`);
}

function killAt(verb: readonly string[], call: Call, lane: number): Promise<boolean> {
  return strace(['-o', '/dev/null', '-e', killAtCall(call)], verb, lane);
}

/** Whether it was killed. */
async function strace(options: readonly string[], verb: readonly string[], lane: number): Promise<boolean> {
  const command = ['-qq', ...options, process.execPath, ...commandLine(verb, rootOf(lane))];
  const { exitCode, signal } = await execa('strace', command, {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
  });
  assert.ok(exitCode === 0 || signal === 'SIGKILL', `${verb.join(' ')}: ${exitCode} ${signal}`);
  return signal === 'SIGKILL';
}

function rootOf(lane: number): string {
  return `${scratch}/root-${lane}`;
}

async function startPod(root: string): Promise<void> {
  const exec = ['/bin/sh', '-c', "trap 'exit 7' TERM; echo up; while :; do sleep 1000 & wait $!; done"];
  const apps = [{ name: 'app', image: 'host', exec }];
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: NAME }, network: { mode: 'none' }, apps };
  await podOk(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  // Before that the signal would end it in the kernel's way.
  await eventually(async () => assert.equal(await podOk(['logs', NAME], { root }), 'up'));
}
