import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Pod } from '../../stages/stage0/index.ts';
import { eventually } from '../harness/eventually.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { processesOf } from '../host/stage1/pods.ts';
import { INSIDE, newImage, probe, startPod, UNBOUND, useScratch } from './hostile-pod.ts';

const { scratch } = useScratch();
const root = useTempRoot();
const image = newImage(`${scratch}/image`);
/** More than there is, except of signals, of which so many are enough. */
const ALL = 5000;
/** How long a stop may take when an app does not end: its grace period, and the time after which others stop waiting for it. */
const STOP_MS = 10_000;

async function says(pod: Pod, pattern: RegExp): Promise<string> {
  return eventually(async () => {
    const text = pod
      .logs()
      .map((line) => line.text)
      .join('\n');
    assert.match(text, pattern);
    return text;
  });
}

/** A pod that holds all it can get, and how much that was. */
async function startGreedy(kind: string): Promise<{ readonly pod: Pod; readonly took: number }> {
  const pod = await startPod(root, { image, apps: [{ exec: [INSIDE, 'use-up', kind, String(ALL)] }] });
  const text = await says(pod, /^took \d+$/m);
  return { pod, took: Number(/took (\d+)/.exec(text)?.[1]) };
}

for (const kind of ['inotify instances', 'message queues', 'terminals']) {
  test(`a pod that takes all ${kind} takes them from no other pod`, async () => {
    const first = await startGreedy(kind);
    await using _first = first.pod;
    const second = await startGreedy(kind);
    await using _second = second.pod;
    assert.ok(first.took > 0 && first.took < ALL, `the first took ${first.took}`);
    assert.equal(second.took, first.took);
  });
}

test('nor does it take inotify instances from the host', async () => {
  const { pod } = await startGreedy('inotify instances');
  await using _pod = pod;
  const watcher = spawnSync(process.execPath, ['-e', "require('node:fs').watch('/').close()"], { encoding: 'utf8' });
  assert.equal(watcher.status, 0, watcher.stderr);
});

test('signals that a pod queues do not count as the host’s', async () => {
  const { pod, took } = await startGreedy('signals');
  await using _pod = pod;
  assert.ok(took > 0);
  const [, queued] = /^SigQ:\s+(\d+)\//m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  assert.ok(Number(queued) < took, `${queued} are queued for all of the host's root`);
});

test('an app cannot end the pod by a signal that seems to come from outside', async () => {
  await using pod = await startPod(root, { image });
  const tries = await probe<Readonly<Record<string, unknown>>>(pod, ['forge']);
  const all = { queued: 'ok', 'for a descriptor': 'ok', 'is ready': true, 'without room': 'ok' };
  assert.deepEqual(tries, all);
  // Init has read the signals by the time it starts another command.
  assert.equal((await pod.exec([INSIDE, 'forge'])).exitCode, 0);
  assert.equal(pod.status()?.state, 'running');
});

test('nor can it hide one that does come from outside', async () => {
  const stop = { signal: 'SIGKILL' };
  await using pod = await startPod(root, {
    image,
    apps: Array.from({ length: 3 }, () => ({ exec: [INSIDE, 'shout'], stop })),
  });
  await says(pod, /(shouting\n?){3}/);
  process.kill(processesOf(pod).monitor, 'SIGTERM');
  await eventually(async () => assert.equal(pod.status()?.state, 'exited'), STOP_MS);
});

test('an app that traces another does not keep its pod from ending', async () => {
  const exec = [INSIDE, 'seize', INSIDE];
  const tracer = { ...UNBOUND, exec, stop: { signal: 'SIGTERM', grace: '100ms' } };
  const traced = { exec: [INSIDE, 'hold'], stop: { signal: 'SIGTERM', grace: '100ms' }, after: [{ app: 'app0' }] };
  await using pod = await startPod(root, { image, apps: [tracer, traced] });
  await says(pod, /^traced$/m);
  const stopped = pod.stop();
  await eventually(async () => assert.equal(pod.status()?.state, 'exited'), STOP_MS);
  await stopped;
});
