import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import type { Pod } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { inPod, startServed } from './served-pod.ts';

const root = useTempRoot();

function urlOf(pod: Pod): Promise<string> {
  return inPod(pod, 'process.stdout.write(process.env.AC_METADATA_URL)');
}

const CONNECT = `
const { connect } = require('node:net');
const [host, port] = require('node:fs').readFileSync(0, 'utf8').split(' ');
const socket = connect(Number(port), host, () => { console.log('connected'); socket.destroy(); });
socket.on('error', (error) => console.log(error.code));
`;

test('neither another pod on the bridge nor the host reaches a service', async () => {
  await using served = await startServed(root, 'served', { network: { mode: 'bridge' } });
  await using other = await startServed(root, 'other', { network: { mode: 'bridge' } });
  assert.equal(new URL(await urlOf(served)).host, '127.0.0.1:18112');
  for (const ip of served.ips) {
    assert.equal((await inPod(other, CONNECT, `${ip} 18112`)).trim(), 'ECONNREFUSED', ip);
    const socket = connect(18_112, ip);
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNREFUSED', ip);
  }
});

test('on the host’s network each has an address, and only the token opens it', async () => {
  await using one = await startServed(root, 'one', { network: { mode: 'host' } });
  await using two = await startServed(root, 'two', { network: { mode: 'host' } });
  const [first, second] = [await urlOf(one), await urlOf(two)].map((url) => new URL(url));
  assert.match(first!.hostname, /^127\.(?!0\.)/);
  assert.notEqual(first!.host, second!.host);
  assert.match(first!.pathname, /^\/[\w-]{32}$/);
  const status = async (base: string): Promise<number> => (await fetch(`${base}/acMetadata/v1/pod/uuid`)).status;
  assert.equal(await status(first!.href), 200);
  assert.equal(await status(`http://${first!.host}${second!.pathname}`), 404);
  assert.equal(await status(`http://${first!.host}`), 404);
});

test('each start has a token of its own', async () => {
  const tokens = new Set<string>();
  for (let i = 0; i < 3; i++) {
    await using pod = await startServed(root, 'token');
    tokens.add(new URL(await urlOf(pod)).pathname);
  }
  assert.equal(tokens.size, 3);
});
