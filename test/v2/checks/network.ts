import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '../../harness/eventually.ts';
import type { Check } from '../checks.ts';
import { start, toEnd } from './pods.ts';

const PROBE = '/usr/bin/probe';
const PORT = 8080;
const HOST_PORT = 18_080;
const BRIDGE = { network: { mode: 'bridge' } };

async function fetchFromHost(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  await once(socket, 'close');
  return text;
}

async function bridge(root: string): Promise<void> {
  const ports = [{ name: 'web', port: PORT, hostPort: HOST_PORT }];
  await using server = await start(
    root,
    [PROBE, 'serve', `${PORT}`],
    { ports },
    { ...BRIDGE, metadata: { name: 'server' } },
  );
  const address = server.ips[0]!.split('/')[0]!;
  assert.match(await eventually(() => fetchFromHost(address, PORT)), /^hello /);
  assert.match(await fetchFromHost('127.0.0.1', HOST_PORT), /^hello /);
  await toEnd(start(root, [PROBE, 'fetch', address, `${PORT}`], {}, BRIDGE), ({ code, output }) => {
    assert.equal(code, 0, output);
    assert.match(output, /^hello /);
  });
}

export const NETWORK_CHECKS: readonly Check[] = [
  { name: 'a pod reaches another over the bridge, and the host a published port', run: bridge },
];
