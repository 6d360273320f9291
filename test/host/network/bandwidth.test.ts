import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { type Pod, PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { vethName } from '../../../stages/stage0/network/symbols.ts';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const LIMIT = 4_000_000;
const SECONDS = 2;

/** To port 1 one may send without end; port 2 sends without end; and the same between the pod's own processes. */
const SERVER = `
  const { createServer, connect } = require('node:net');
  const block = Buffer.alloc(65536);
  const pour = (socket) => { const more = () => { while (socket.write(block)); }; socket.on('drain', more); more(); };
  const end = (socket) => socket.on('error', () => {});
  createServer((socket) => { end(socket); socket.resume(); }).listen(1);
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

function connected(host: string, port: number): Promise<Socket> {
  return eventually(async () => {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    return socket;
  });
}

/** Of the host's end of the pod's link: what the pod was sent, and what it has sent. */
type Direction = 'tx_bytes' | 'rx_bytes';

function count(pod: Pod, direction: Direction): { bytes: number; ms: number } {
  const bytes = Number(readFileSync(`/sys/class/net/${vethName(pod.uuid)}/statistics/${direction}`, 'utf8'));
  return { bytes, ms: performance.now() };
}

/**
 * Asserts how many bytes a second pass, once the bucket's first burst is over. The kernel counts them: when a process gets to read or to
 * write says more of the machine than of the link.
 */
async function assertLimited(pod: Pod, direction: Direction): Promise<void> {
  const { bytes } = count(pod, direction);
  await eventually(async () => assert.ok(count(pod, direction).bytes > bytes + LIMIT / 4));
  const before = count(pod, direction);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const after = count(pod, direction);
  const rate = ((after.bytes - before.bytes) / (after.ms - before.ms)) * 1000;
  assert.ok(rate > LIMIT * 0.9 && rate < LIMIT * 1.1, `${Math.round(rate)} bytes a second of ${direction}`);
}

test('a pod sends and is sent no more than its limit, and its loopback is free', async () => {
  await using pod = await run(manifest({ mode: 'bridge' }, { 'resource/network-bandwidth': { limit: '4M' } }), {
    root,
  });
  const inForce = (await pod.resources())?.inForce['resource/network-bandwidth'];
  assert.deepEqual(inForce, { sendBytesPerSecond: LIMIT, receiveBytesPerSecond: LIMIT });
  const ip = pod.ips[0]!;
  const from = await connected(ip, 2);
  from.resume();
  await assertLimited(pod, 'rx_bytes');
  from.destroy();
  const to = await connected(ip, 1);
  const block = Buffer.alloc(65_536);
  const more = (): void => {
    while (to.write(block));
  };
  to.on('drain', more);
  more();
  await assertLimited(pod, 'tx_bytes');
  to.destroy();
  const printed = await eventually(async () => pod.logs().find(({ text }) => text.startsWith('loopback '))!.text);
  const loopback = Number(printed.split(' ')[1]);
  assert.ok(loopback > 10 * LIMIT, `${loopback} bytes a second over the loopback`);
});

test('without a link of its own there is nothing to limit', async () => {
  for (const mode of ['none', 'host']) {
    await assert.rejects(
      run(manifest({ mode }, { 'resource/network-bandwidth': { limit: '4M' } }), { root }),
      (error) => {
        const first = error instanceof PodErrors ? error.errors[0]! : error;
        assert.ok(first instanceof PodError);
        assert.match(first.message, /the pod has no link that pod made/);
        return true;
      },
    );
  }
});
