import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { readPort } from '../../../../stages/stage0/environment/socket-table.ts';

async function stateOf(host: string): Promise<string> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  const state = readPort(process.pid, port);
  await new Promise((resolve) => server.close(resolve));
  return state;
}

test('what listens on any address of the loopback cannot be dialled from outside', async () => {
  for (const host of ['127.0.0.1', '127.0.0.2', '127.1.2.3', '::1', '::ffff:127.0.0.1'])
    assert.equal(await stateOf(host), 'loopback', host);
  for (const host of ['0.0.0.0', '::']) assert.equal(await stateOf(host), 'open', host);
});
