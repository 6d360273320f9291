import assert from 'node:assert/strict';
import { closeSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { test } from 'node:test';
import type { Fd } from '../../../stages/linux/fd.ts';
import { attachToApp } from '../../../stages/stage0/launch/attach.ts';
import { connectControl, restartPod, sendControl, signalPod, stopPod } from '../../../stages/stage0/launch/control.ts';
import { execInPod } from '../../../stages/stage0/launch/exec.ts';
import { decodeMessage, encodeMessage } from '../../../stages/stage1/message.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { connect, converse } from './control-client.ts';
import { pathOf, processesOf, shell, start } from './pods.ts';

const root = useTempRoot();
const MAX_SESSIONS = 64;
const REQUEST_SESSIONS = 8;
const SIGNAL_NOBODY = { type: 'signal', app: 99, a: 1 } as const;

/** All of init's places, taken by clients that say nothing. */
async function takeAllPlaces(podDir: string): Promise<Disposable> {
  const idle: Fd[] = [];
  // Not asked before: the place of a client that asked could become free again afterwards.
  const isFull = async (): Promise<boolean> => {
    const { answer } = await converse(podDir, new Uint8Array(0), 1000);
    return answer.length > 0 && decodeMessage(answer).type === 'refused';
  };
  do idle.push(...Array.from({ length: MAX_SESSIONS }, () => connect(podDir)));
  while (!(await isFull()));
  return { [Symbol.dispose]: () => idle.forEach((connection) => connection[Symbol.dispose]()) };
}

test('a hundred commands at once all run', async () => {
  await using pod = await start(root, 'hundred', shell('main', 'sleep 600'));
  const numbers = Array.from({ length: 100 }, (_, i) => i);
  const results = await Promise.all(numbers.map((i) => pod.exec(['/bin/sh', '-c', `sleep 0.3; echo ${i}; exit ${i}`])));
  assert.deepEqual(
    results,
    numbers.map((i) => ({ exitCode: i, stdout: `${i}\n`, stderr: '' })),
  );
});

test('a client whom init turned away before it sent anything is told why', async () => {
  await using pod = await start(root, 'away', shell('main', 'sleep 600'));
  const podDir = pathOf(root, pod);
  using _places = await takeAllPlaces(podDir);
  using late = connectControl(podDir);
  // It comes after that one, and is answered after it.
  await converse(podDir, new Uint8Array(0), 20_000);
  assert.throws(() => sendControl(late, encodeMessage(SIGNAL_NOBODY)), {
    code: 'pod/state',
    message: 'ask the init of the pod: too many commands and clients are in the pod at once',
  });
});

test('a command, a terminal, a client, a signal and a restart wait for a place in a pod that is full', async () => {
  await using pod = await start(root, 'full', shell('main', 'sleep 600'), shell('other', 'sleep 600'));
  const podDir = pathOf(root, pod);
  const before = pod.status()!.apps[1]!.pid;
  const places = await takeAllPlaces(podDir);
  const command = { argv: ['/bin/true'], env: {}, stdio: [null, null, null], tty: false } as const;
  const requests = [
    execInPod(podDir, command).then(({ exit }) => exit),
    execInPod(podDir, { ...command, tty: true }).then(({ exit, terminal }) => exit.finally(() => closeSync(terminal!))),
    attachToApp(podDir, undefined).then((client) => client.close()),
    signalPod(podDir, 'main', 'SIGCONT'),
    restartPod(podDir, 'other'),
  ];
  const all = Promise.all(requests);
  assert.equal(await Promise.race([all.then(() => 'done'), delay(300, 'waiting')]), 'waiting');
  places[Symbol.dispose]();
  assert.deepEqual((await all).slice(0, 2), [{ exitCode: 0 }, { exitCode: 0 }]);
  while (pod.status()!.apps[1]!.pid === before) await delay(10);
});

test('a stop that finds a pod full is not lost', async () => {
  await using pod = await start(root, 'stop', shell('main', 'sleep 600'));
  const podDir = pathOf(root, pod);
  const places = await takeAllPlaces(podDir);
  const stopped = stopPod(podDir, { graceMs: 0 });
  assert.equal(await Promise.race([stopped.then(() => 'done'), delay(300, 'waiting')]), 'waiting');
  places[Symbol.dispose]();
  await stopped;
  assert.equal(await pod.exit, 137);
});

test('commands that wait for a place leave room for a stop, and end with the pod', async () => {
  await using crowded = await start(root, 'crowded', shell('main', 'sleep 600'));
  const { init } = processesOf(crowded);
  const children = (): number => readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ').length;
  const commands = Array.from({ length: 60 }, () => crowded.exec(['/bin/sleep', '600']));
  const ended = Promise.allSettled(commands);
  while (children() < 1 + MAX_SESSIONS - REQUEST_SESSIONS) await delay(5);
  assert.equal(await crowded.stop({ graceMs: 0 }), 137);
  for (const one of await ended)
    assert.ok(one.status === 'rejected' || one.value.exitCode === 137, JSON.stringify(one));
});
