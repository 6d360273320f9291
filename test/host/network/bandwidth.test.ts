import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const LIMIT = 4_000_000;
const SECONDS = 2;

/**
 * To port 1 one may send without end, and is told what came by when; port 2 sends without end; and the same between the pod's own
 * processes.
 */
const SERVER = `
  const { createServer, connect } = require('node:net');
  const block = Buffer.alloc(65536);
  const pour = (socket) => { const more = () => { while (socket.write(block)); }; socket.on('drain', more); more(); };
  const end = (socket) => socket.on('error', () => {});
  createServer((socket) => {
    end(socket);
    let got = 0;
    socket.on('data', (data) => (got += data.length));
    const telling = setInterval(() => socket.write(got + ' ' + performance.now() + '\\n'), 20);
    socket.on('close', () => clearInterval(telling));
  }).listen(1);
  createServer((socket) => { end(socket); pour(socket); }).listen(2, () => {
    let bytes = 0;
    const start = Date.now();
    const socket = connect(2, '127.0.0.1').on('data', (data) => {
      bytes += data.length;
      if (Date.now() - start < 500) return;
      socket.destroy();
      console.log('loopback ' + Math.round(bytes / 0.5));
    });
  });
`;

function manifest(network: object, isolators: object): object {
  return {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'shaped' },
    network,
    isolators,
    apps: [{ name: 'server', image: 'host', exec: ['/usr/bin/env', 'node', '-e', SERVER] }],
  };
}

async function connected(host: string, port: number): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    const socket = connect({ host, port });
    const error = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (!error) return socket;
    if (attempt > 100) throw error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** So many bytes had come at that time, in milliseconds of the receiver's clock. */
interface Count {
  readonly bytes: number;
  readonly ms: number;
}

/** Bytes a second that came, once the bucket's first burst is over: what a sender's kernel holds back says nothing. */
async function measure(socket: Socket, count: () => Count): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 500));
  const before = count();
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const after = count();
  socket.destroy();
  return ((after.bytes - before.bytes) / (after.ms - before.ms)) * 1000;
}

/** The last that the server on port 1 has told. */
function toldBy(socket: Socket): () => Count {
  let last = '0 0';
  let rest = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    last = lines.at(-1) ?? last;
  });
  return () => {
    const [bytes, ms] = last.split(' ').map(Number);
    return { bytes: bytes!, ms: ms! };
  };
}

function assertNear(rate: number): void {
  // Of what the limit counts, headers are some 3 %.
  assert.ok(rate > LIMIT * 0.9 && rate < LIMIT * 1.1, `${Math.round(rate)} bytes a second`);
}

test('a pod sends and is sent no more than its limit, and its loopback is free', async () => {
  await using pod = await run(manifest({ mode: 'bridge' }, { 'resource/network-bandwidth': { limit: '4M' } }), {
    root,
  });
  const inForce = (await pod.resources())?.inForce['resource/network-bandwidth'];
  assert.deepEqual(inForce, { sendBytesPerSecond: LIMIT, receiveBytesPerSecond: LIMIT });
  const ip = pod.ips[0]!;
  const from = await connected(ip, 2);
  let received = 0;
  from.on('data', (data: Buffer) => (received += data.length));
  assertNear(await measure(from, () => ({ bytes: received, ms: performance.now() })));
  const to = await connected(ip, 1);
  const block = Buffer.alloc(65_536);
  const more = (): void => {
    while (to.write(block));
  };
  to.on('drain', more);
  more();
  assertNear(await measure(to, toldBy(to)));
  const printed = pod.logs().find(({ text }) => text.startsWith('loopback '))?.text;
  const loopback = Number(printed?.split(' ')[1]);
  assert.ok(loopback > 10 * LIMIT, `${loopback} bytes a second over the loopback`);
});

test('without a link of its own there is nothing to limit', async () => {
  for (const mode of ['none', 'host']) {
    await assert.rejects(
      run(manifest({ mode }, { 'resource/network-bandwidth': { limit: '4M' } }), { root }),
      (error) => {
        const first = error instanceof PodErrors ? error.errors[0]! : error;
        assert.ok(first instanceof PodError);
        assert.match(first.message, /the pod has no link of its own/);
        return true;
      },
    );
  }
});
