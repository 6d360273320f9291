import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '../../../stages/stage0/index.ts';
import { eventually } from '../../harness/eventually.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { ask, get, inPod, parts, postBody, startServed } from './served-pod.ts';

const root = useTempRoot();
let pod: Pod;
let init: number;

/** How long a client may take, of the plan of the service. */
const DEADLINE_MS = 5000;

before(async () => {
  pod = await startServed(root, 'hostile');
  const { apps } = await statusOf(root, 'hostile');
  init = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${apps[0]!.pid}/status`, 'utf8'))![1]);
  await ask(pod, [get('pod/uuid')]);
});
after(() => pod.remove());

function descriptorsOfInit(): number {
  return readdirSync(`/proc/${init}/fd`).length;
}

/** A client knows of the end of its connection before init has closed it, and a command ends before init has put away what was for it. */
function untilNoMoreThan(descriptors: number): Promise<void> {
  return eventually(async () => {
    const now = descriptorsOfInit();
    assert.ok(now <= descriptors, `${now} descriptors, ${descriptors} before`);
  });
}

function memoryOfInit(): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${init}/smaps_rollup`, 'utf8'))![1]);
}

async function expectServed(): Promise<void> {
  const [answer] = await ask(pod, [get('pod/uuid')]);
  assert.equal(parts(answer).body, pod.uuid);
}

/** For scripts in the pod: \`idle(text)\` connects, sends the text and resolves to the socket; \`ended(socket)\` to what came. */
const TOOLS = `
const { connect } = require('node:net');
const url = new URL(process.env.AC_METADATA_URL);
const idle = (text) => new Promise((resolve) => {
  const socket = connect(Number(url.port), url.hostname, () => { socket.write(text); resolve(socket); });
  socket.text = '';
  socket.on('error', () => {});
  socket.on('data', (chunk) => { socket.text += chunk; });
});
const ended = (socket) => new Promise((resolve) => {
  if (socket.destroyed) resolve(socket.text); else socket.on('close', () => resolve(socket.text));
});
const uuid = async () => ended(await idle('GET ' + url.pathname + '/acMetadata/v1/pod/uuid HTTP/1.1\\r\\n\\r\\n'));
`;

const run = (script: string): Promise<string> => inPod(pod, `${TOOLS}(async () => {${script}})();`);

test('requests that cannot be read, or are too large, get the status HTTP has for it', async () => {
  const head = 'POST $URL/acMetadata/v1/pod/hmac/sign HTTP/1.1\r\n';
  const answers = await ask(pod, [
    'nonsense\r\n\r\n',
    'GET $URL/acMetadata/v1/pod/uuid\r\n\r\n',
    'GET $URL/acMetadata/v1/pod/uuid HTTP/3\r\n\r\n',
    'GET $URL/acMetadata/v1/pod/uuid HTTP/1.1\r\n folded: x\r\n\r\n',
    `${head}Content-Length: -1\r\n\r\n`,
    `${head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
    `${head}\r\n`,
    `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    `${head}Content-Length: 200000\r\n\r\n`,
    `${head}Content-Length: 999999999999\r\n\r\n`,
    'GET $URL/acMetadata/v1/pod/uuid HTTP/1.1\r\nX: $BIG\r\n\r\n',
    `GET /$BIG HTTP/1.1\r\n\r\n`,
    '\0\0\0\0\r\n\r\n',
  ]);
  assert.deepEqual(
    answers.map((answer) => parts(answer).status),
    [400, 400, 400, 400, 400, 400, 411, 411, 413, 413, 413, 413, 400],
  );
  await expectServed();
});

test('what follows a request, and a body nobody asked for, spoils no answer', async () => {
  const request = get('pod/uuid');
  const answers = await ask(pod, [
    request + request,
    request.replace('Host', 'Content-Length: 1048576\r\nHost') + '$BIG',
    `${postBody('pod/hmac/sign', 'content=x')}$BIG`,
  ]);
  assert.deepEqual(
    answers.map((answer) => parts(answer).status),
    [200, 200, 200],
  );
  assert.deepEqual(
    answers.map(({ error }) => error),
    [undefined, undefined, undefined],
  );
});

test('a client that waits for a word before its body gets one', async () => {
  const script = `
    const socket = await idle('POST ' + url.pathname + '/acMetadata/v1/pod/hmac/sign HTTP/1.1\\r\\nExpect: 100-continue\\r\\nContent-Length: 9\\r\\n\\r\\n');
    await new Promise((resolve) => socket.once('data', resolve));
    const first = socket.text;
    for (const letter of 'content=x') await new Promise((resolve) => socket.write(letter, resolve));
    console.log(JSON.stringify([first, (await ended(socket)).slice(first.length, first.length + 15)]));`;
  assert.deepEqual(JSON.parse(await run(script)), ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 200 OK']);
});

test('requests that stay half are hung up on, and keep nobody from being answered', async () => {
  const descriptors = descriptorsOfInit();
  const script = `
    const sockets = [];
    for (let i = 0; i < 40; i++) sockets.push(await idle(i % 2 ? 'GET /' : 'POST / HTTP/1.1\\r\\nContent-Length: 9\\r\\n\\r\\nx'));
    const answer = await uuid();
    await Promise.all(sockets.map(ended));
    console.log(answer.slice(-36));`;
  assert.equal((await run(script)).trim(), pod.uuid);
  await untilNoMoreThan(descriptors);
});

test('a thousand connections at once leave nothing behind', async () => {
  const descriptors = descriptorsOfInit();
  const memory = memoryOfInit();
  const script = `
    const sockets = await Promise.all(Array.from({ length: 1000 }, () => idle('GET / HTTP/1.1\\r\\n')));
    const answer = await uuid();
    for (const socket of sockets) socket.destroy();
    console.log(answer.slice(-36), (await uuid()).slice(-36));`;
  assert.equal((await run(script)).trim(), `${pod.uuid} ${pod.uuid}`);
  await untilNoMoreThan(descriptors);
  assert.ok(memoryOfInit() <= memory + 16, `${memoryOfInit()} KB, ${memory} before`);
});

test('clients that are slow to read get all of a large answer', async () => {
  const text = 'x'.repeat(2_000_000);
  await using large = await startServed(root, 'large', { metadata: { name: 'large', annotations: { text } } });
  const script = `
    const socket = connect(Number(url.port), url.hostname);
    await new Promise((resolve) => socket.on('connect', resolve));
    socket.write('GET ' + url.pathname + '/acMetadata/v1/pod/annotations HTTP/1.1\\r\\n\\r\\n');
    await uuid();
    let length = 0;
    socket.on('data', (chunk) => (length += chunk.length));
    await new Promise((resolve) => socket.on('close', resolve));
    console.log(length);`;
  const head =
    'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2000028\r\nConnection: close\r\n\r\n';
  const length = await inPod(large, `${TOOLS}(async () => {${script}})();`);
  assert.equal(Number(length), head.length + 2_000_028);
});

test('a client that has not sent all of its request finds its time where it was after a pause', async () => {
  const script = `
    const socket = await idle('GET ' + url.pathname + '/acMetadata/v1/pod/uuid HTTP/1.1\\r\\n');
    require('node:fs').writeFileSync('/dev/shm/half', '');
    const isThere = require('node:fs').existsSync;
    while (!isThere('/dev/shm/go')) await new Promise((resolve) => setTimeout(resolve, 10));
    socket.write('\\r\\n');
    console.log((await ended(socket)).slice(-36));`;
  const answer = run(script);
  await pod.exec(['/bin/sh', '-c', 'until [ -e /dev/shm/half ]; do sleep 0.01; done']);
  await pod.pause();
  await delay(DEADLINE_MS + 500);
  assert.ok(pod.resume());
  await pod.exec(['/bin/sh', '-c', ': >/dev/shm/go']);
  assert.equal((await answer).trim(), pod.uuid);
});
