import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { SO_RCVTIMEO } from '../../../stages/linux/constants.ts';
import { ERRNO } from '../../../stages/linux/errno.ts';
import { receiveWithFds, sendWithFds, setTimeLimit } from '../../../stages/linux/socket.ts';
import { trySyscall } from '../../../stages/linux/syscall.ts';
import { decodeMessage, encodeMessage, MESSAGE_BYTES } from '../../../stages/stage1/message.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { connect, converse } from './control-client.ts';
import { pathOf, processesOf, shell, start } from './pods.ts';

const root = useTempRoot();
/** For an answer or a hangup that comes, however long it takes where others want the machine too. */
const LONG_MS = 20_000;
let pod: Pod;
let podDir: string;
let init: number;

before(async () => {
  pod = await start(root, 'control', shell('main', 'sleep 600'));
  podDir = pathOf(root, pod);
  init = processesOf(pod).init;
  // The library keeps the connection of its first command: it is there before anything is counted.
  await pod.exec(['/bin/true']);
});
after(() => pod.remove());

function descriptorsOfInit(): number {
  return readdirSync(`/proc/${init}/fd`).length;
}

/** init serves the next client as if nothing had been, and holds no descriptor of the last one. */
async function expectUnharmed(descriptors: number): Promise<void> {
  const request = encodeMessage({ type: 'signal', app: 99, a: 1 });
  const { answer } = await converse(podDir, request, LONG_MS, MESSAGE_BYTES);
  assert.equal(errnoOf(answer), ERRNO.EINVAL);
  assert.equal((await pod.exec(['/bin/echo', 'fine'])).stdout, 'fine\n');
  for (let i = 0; i < 100 && descriptorsOfInit() > descriptors; i++) await pod.exec(['/bin/true']);
  // Fewer when the client before was still being hung up on at the beginning.
  assert.ok(descriptorsOfInit() <= descriptors, `${descriptorsOfInit()} descriptors, ${descriptors} before`);
}

const errnoOf = (answer: Buffer): number => decodeMessage(answer.subarray(0, MESSAGE_BYTES)).c;

test('half a message, and silence, is hung up on', async () => {
  const descriptors = descriptorsOfInit();
  const { answer, ended } = await converse(podDir, encodeMessage({ type: 'stop' }).subarray(0, 30), LONG_MS);
  assert.deepEqual({ answer: answer.length, ended }, { answer: 0, ended: true });
  await expectUnharmed(descriptors);
});

test('a message of another magic is hung up on', async () => {
  const bytes = encodeMessage({ type: 'stop' });
  bytes[0] = 0;
  const { ended } = await converse(podDir, bytes, LONG_MS);
  assert.ok(ended);
});

test('thousands of clients that connect and vanish cost nothing', async () => {
  const descriptors = descriptorsOfInit();
  for (let i = 0; i < 10_000; i++) connect(podDir)[Symbol.dispose]();
  await expectUnharmed(descriptors);
});

test('a client that never reads its answers is not waited for', async () => {
  const descriptors = descriptorsOfInit();
  const mute = connect(podDir);
  trySyscall('fcntl', mute.number, 4, 0o4000);
  const nothing = encodeMessage({ type: 'signal', app: 0, a: 28 });
  for (let i = 0; i < 5000; i++) trySyscall('write', mute.number, nothing, nothing.length);
  assert.equal((await pod.exec(['/bin/true'])).exitCode, 0);
  mute[Symbol.dispose]();
  await expectUnharmed(descriptors);
});

test('the table of connections is full, and then it is not', async () => {
  const descriptors = descriptorsOfInit();
  const idle = Array.from({ length: 64 }, () => connect(podDir));
  const { answer, ended } = await converse(podDir, new Uint8Array(0), LONG_MS);
  assert.deepEqual([ended, decodeMessage(answer).type, errnoOf(answer)], [true, 'refused', 87]);
  for (const connection of idle) connection[Symbol.dispose]();
  await expectUnharmed(descriptors);
});

/** How many descriptors init waits on, as its epoll instance says it. */
function watchedByInit(): number {
  const epoll = readdirSync(`/proc/${init}/fd`).find((fd) =>
    readlinkSync(`/proc/${init}/fd/${fd}`).includes('eventpoll'),
  );
  return readFileSync(`/proc/${init}/fdinfo/${epoll}`, 'utf8').match(/^tfd:/gm)?.length ?? 0;
}

/** As init's user: root may not where it lacks CAP_SYS_RESOURCE, as the pod's user namespace is not root's. */
function setFileLimit(soft: number): void {
  const hard = /^Max open files +\d+ +(\d+)/m.exec(readFileSync(`/proc/${init}/limits`, 'utf8'))?.[1];
  const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${init}/status`, 'utf8'))?.[1]);
  execFileSync('prlimit', [`--pid=${init}`, `--nofile=${soft}:${hard}`], { uid, gid: uid, stdio: 'pipe' });
}

test('an init that had no descriptor left for a client listens again, though nothing else happens in the pod', async () => {
  const descriptors = descriptorsOfInit();
  const before = Number(/^Max open files +(\d+)/m.exec(readFileSync(`/proc/${init}/limits`, 'utf8'))?.[1]);
  const watched = watchedByInit();
  setFileLimit(1);
  using waiting = connect(podDir);
  try {
    for (let i = 0; i < 5000 && watchedByInit() >= watched; i++) await new Promise(setImmediate);
    assert.ok(watchedByInit() < watched, 'init has stopped listening');
  } finally {
    setFileLimit(before);
  }
  sendWithFds(waiting.number, encodeMessage({ type: 'signal', app: 99, a: 1 }), []);
  setTimeLimit(waiting.number, SO_RCVTIMEO, 10_000);
  const answer = Buffer.alloc(MESSAGE_BYTES);
  receiveWithFds(waiting.number, answer, 0);
  assert.equal(errnoOf(answer), ERRNO.EINVAL);
  waiting[Symbol.dispose]();
  await expectUnharmed(descriptors);
});

test('a command that is too long for init is told as such', async () => {
  const descriptors = descriptorsOfInit();
  const words = Array.from('abcdef', (letter) => letter.repeat(100_000));
  const hint = 'its arguments and environment can be at most 512 KiB together';
  await assert.rejects(pod.exec(['/bin/echo', ...words]), { code: 'pod/state', hint });
  await expectUnharmed(descriptors);
});

const REFUSED: readonly [string, Parameters<typeof encodeMessage>[0], number][] = [
  ['a signal of number 0', { type: 'signal', app: 0, a: 0 }, 22],
  ['a signal of number 65', { type: 'signal', app: 0, a: 65 }, 22],
  ['a signal to an app that is not there', { type: 'signal', app: 1, a: 15 }, 22],
  ['a signal to app -3', { type: 'signal', app: -3, a: 15 }, 22],
  ["a signal to a session's process that is not there", { type: 'signal', app: -2, a: 15 }, 3],
  ['an exec without descriptors', { type: 'exec', app: 0 }, 22],
  ['a message only init sends', { type: 'started' }, 38],
];
for (const [what, message, errno] of REFUSED) {
  test(`${what} is refused`, async () => {
    const { answer } = await converse(podDir, encodeMessage(message), LONG_MS, MESSAGE_BYTES);
    assert.deepEqual([decodeMessage(answer).type, errnoOf(answer)], ['refused', errno]);
  });
}

test('an exec whose tape is no tape is refused, and its descriptors are closed', async () => {
  const descriptors = descriptorsOfInit();
  const file = openSync('/bin/true', 'r');
  const client = connect(podDir);
  for (let i = 0; i < 50; i++)
    sendWithFds(client.number, encodeMessage({ type: 'exec', app: 0, fds: 4 }), [file, file, file, file]);
  closeSync(file);
  await pod.exec(['/bin/true']);
  client[Symbol.dispose]();
  await expectUnharmed(descriptors);
});

test('more descriptors than announced, and than there is room for, are closed', async () => {
  const descriptors = descriptorsOfInit();
  const file = openSync('/dev/null', 'r');
  for (const count of [1, 199, 200, 201, 253]) {
    const client = connect(podDir);
    const many = Array.from({ length: count }, () => file);
    sendWithFds(client.number, encodeMessage({ type: 'exec', app: 0, fds: 0 }), many);
    client[Symbol.dispose]();
  }
  closeSync(file);
  await expectUnharmed(descriptors);
});

test('a thousand mutated messages neither stop init nor leak', async () => {
  const descriptors = descriptorsOfInit();
  let seed = 0x5eed;
  const random = (below: number): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) % below;
  const file = openSync('/dev/null', 'r');
  for (let i = 0; i < 1000; i++) {
    // No stop, and no signal that ends the app: what is tested is whether the rest does no harm.
    const bytes = encodeMessage({
      type: (['exec', 'pty', 'done', 'handover', 'launch'] as const)[random(5)]!,
      app: random(5) - 3,
    });
    for (let n = random(4); n > 0; n--) bytes[8 + random(MESSAGE_BYTES - 8)] = random(256);
    using client = connect(podDir);
    const fds = Array.from({ length: random(6) }, () => file);
    sendWithFds(client.number, random(10) === 0 ? bytes.subarray(0, 1 + random(63)) : bytes, fds);
  }
  closeSync(file);
  await expectUnharmed(descriptors);
});
