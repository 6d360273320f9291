import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { kill } from 'node:process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readFinal } from '../../../stages/stage0/pod/events.ts';
import { encodeMessage } from '../../../stages/stage1/message.ts';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { converse } from './control-client.ts';
import { eventsOf, pathOf, processesOf, shell, start, untilLogged } from './pods.ts';

const root = useTempRoot();

const STUBBORN = 'trap "" TERM; echo ready; while :; do sleep 1; done';
const CLEAN = 'trap "sleep 0.5; echo clean; exit 0" TERM; echo ready; while :; do sleep 0.01; done';

test('an app that others need has its grace period after theirs', async () => {
  const db = shell('db', CLEAN, { stop: { grace: '1500ms' } });
  const client = shell('client', STUBBORN, { stop: { grace: '1500ms' }, after: [{ app: 'db', condition: 'started' }] });
  await using pod = await start(root, 'order', db, client);
  await untilLogged(root, pod, 'ready');
  await pod.stop();
  assert.ok(pod.logs('db').some(({ text }) => text === 'clean'));
  assert.deepEqual(
    eventsOf(root, pod).flatMap((event) => (event.e === 'app-exited' ? [[event.app, event.code, event.signal]] : [])),
    [
      ['client', 0, 9],
      ['db', 0, 0],
    ],
  );
});

test('a second stop with a shorter grace period makes it sooner, a longer one does not make it later', async () => {
  await using pod = await start(root, 'sooner', shell('main', STUBBORN));
  await untilLogged(root, pod, 'ready');
  const first = pod.stop({ graceMs: 60_000 });
  void pod.stop({ graceMs: 100 });
  void pod.stop({ graceMs: 50_000 });
  const startMs = performance.now();
  assert.equal(await first, 137);
  assert.ok(performance.now() - startMs < 5000);
});

test('a grace period of zero does not wait for the order', async () => {
  const client = shell('client', STUBBORN, { after: [{ app: 'db', condition: 'started' }] });
  await using pod = await start(root, 'at-once', shell('db', STUBBORN), client);
  const startMs = performance.now();
  await pod.stop({ graceMs: 0 });
  // In order, each would have its own grace period of ten seconds.
  assert.ok(performance.now() - startMs < 9000);
});

test('a grace period of days is waited for as it was given', async () => {
  await using pod = await start(root, 'days', shell('main', STUBBORN, { stop: { grace: '48h' } }));
  await untilLogged(root, pod, 'ready');
  const { init } = processesOf(pod);
  const stopped = pod.stop();
  // proc_pid_syscall(5): init sleeps in epoll_pwait, whose fourth argument is the time limit in milliseconds.
  await eventually(async () => {
    const [, , , , timeout] = readFileSync(`/proc/${init}/syscall`, 'utf8').split(' ');
    const hours = Number(timeout) / 3_600_000;
    assert.ok(hours > 47.9 && hours < 48.1, `${hours} h`);
  });
  await pod.stop({ graceMs: 0 });
  await stopped;
});

test('init sleeps while it waits for a grace period to end', async () => {
  await using pod = await start(root, 'idle', shell('main', STUBBORN));
  await untilLogged(root, pod, 'ready');
  const { init } = processesOf(pod);
  const before = cpuTicks(init);
  const stopped = pod.stop({ graceMs: 1000 });
  await delay(800);
  assert.ok(cpuTicks(init) - before <= 2, 'of 80 ticks');
  await stopped;
  const events = eventsOf(root, pod);
  const stopping = events.find(({ e }) => e === 'stopping')!.t;
  const exited = events.find(({ e }) => e === 'app-exited')!.t;
  assert.ok(exited - stopping >= 1000 && exited - stopping < 1500, `${exited - stopping} ms`);
});

test('SIGTERM to the monitor stops the apps as a stop does', async () => {
  await using pod = await start(root, 'term', shell('main', CLEAN));
  await untilLogged(root, pod, 'ready');
  kill(processesOf(pod).monitor, 'SIGTERM');
  assert.equal(await pod.exit, 0);
  assert.ok(pod.logs().some(({ text }) => text === 'clean'));
});

test('a stop signal from inside the pod does not stop it', async () => {
  await using pod = await start(root, 'inside', shell('main', 'kill -TERM 1; kill -KILL 1; echo tried; sleep 60'));
  await untilLogged(root, pod, 'tried');
  assert.equal((await pod.exec(['/bin/true'])).exitCode, 0);
  assert.ok(!eventsOf(root, pod).some(({ e }) => e === 'stopping'));
});

test('init goes on without its monitor, and its journal is complete', async () => {
  await using pod = await start(root, 'orphan', shell('main', CLEAN));
  await untilLogged(root, pod, 'ready');
  const { monitor } = processesOf(pod);
  kill(monitor, 'SIGKILL');
  assert.equal((await pod.exec(['/bin/echo', 'alive'])).stdout, 'alive\n');
  await pod.stop();
  const seen = (): readonly string[] => eventsOf(root, pod).map(({ e }) => e);
  while (!seen().includes('app-exited')) await delay(10);
  assert.deepEqual(seen(), ['pod-started', 'app-started', 'stopping', 'app-exited']);
});

test('the end of a killed init is recorded', async () => {
  await using pod = await start(root, 'killed', shell('main', 'sleep 60'));
  kill(processesOf(pod).init, 'SIGKILL');
  assert.equal(await pod.exit, 137);
  assert.equal(readFinal(pathOf(root, pod))?.signal, 9);
});

test('a client that init has not accepted sees the end of init, also while the monitor does nothing', async () => {
  await using pod = await start(root, 'unseen', shell('main', 'sleep 60'));
  const { init, monitor } = processesOf(pod);
  const podDir = pathOf(root, pod);
  for (const pid of [init, monitor]) kill(pid, 'SIGSTOP');
  try {
    const conversation = converse(podDir, encodeMessage({ type: 'signal', app: 0, a: 1 }), 20_000);
    kill(init, 'SIGKILL');
    assert.equal((await conversation).ended, true);
  } finally {
    kill(monitor, 'SIGCONT');
  }
  assert.equal(await pod.exit, 137);
});

function cpuTicks(pid: number): number {
  const fields = readStat(pid);
  return Number(fields[11]) + Number(fields[12]);
}

function readStat(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
