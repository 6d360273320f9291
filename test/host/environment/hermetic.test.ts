import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, test } from 'node:test';
import { environment, type Environment, type Stack } from '../../../stages/stage0/test.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { ask, serverPod, shellPod } from './manifests.ts';

const root = useTempRoot();
const manifests = [serverPod('api'), shellPod('client', 'sleep 1000')];
/** The host, as every pod could reach it. */
const server: Server = createServer((socket) => socket.on('error', () => undefined).end('host'));
let port = 0;
let stack: Stack;

before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  stack = environment('closed', { root, manifests });
  port = (server.address() as { port: number }).port;
});
after(() => void server.close());

async function hear(e: Environment, host: string, port: number, seconds?: number): Promise<string> {
  return (await e.pods['client']!.exec(ask(host, port, seconds))).stdout;
}

/** The gateway of the pods' bridge, and the host's other address. */
function hostAddresses(e: Environment): string[] {
  const subnet = e.pods['client']!.ip.split('.').slice(0, 2).join('.');
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const own = all.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
  return own.toSorted((a, b) => Number(b.startsWith(`${subnet}.`)) - Number(a.startsWith(`${subnet}.`)));
}

test('a pod reaches the others of its environment, and nobody else: not the host, not the world, not another clone', async () => {
  await using own = await stack.clone();
  await using other = await stack.clone();
  const addresses = hostAddresses(own);
  assert.ok(addresses.length >= 2, addresses.join());
  assert.equal(await hear(own, 'api', 8080), 'api:0\n');
  assert.notEqual(own.pods['api']!.ip, other.pods['api']!.ip);
  const forbidden: [string, number][] = [
    ...addresses.map((host): [string, number] => [host, port]),
    ['1.1.1.1', 53],
    [other.pods['api']!.ip, 8080],
  ];
  const heard = await Promise.all(forbidden.map(([host, at]) => hear(own, host, at, 1)));
  for (const text of heard) assert.match(text, /^:(1|124)\n$/);
});

test('with a route of its own making it gets no further', async () => {
  await using e = await stack.clone();
  const gateway = hostAddresses(e)[0]!;
  const script = `ip route add default via ${gateway} && timeout 1 /bin/bash -c 'cat < /dev/tcp/1.1.1.1/53'; echo ":$?"`;
  const { stdout } = await e.pods['client']!.exec(['/bin/bash', '-c', script]);
  assert.match(stdout, /^:(1|124|2)\n$/);
});

test('names of the world do not resolve', async () => {
  await using e = await stack.clone();
  const { exitCode } = await e.pods['client']!.exec(['/usr/bin/getent', 'hosts', 'example.com']);
  assert.notEqual(exitCode, 0);
});

test('egress: allow lets it out as any pod', async () => {
  await using e = await environment('open', { root, manifests, egress: 'allow' }).clone();
  assert.equal(await hear(e, hostAddresses(e)[0]!, port), 'host:0\n');
  assert.equal(await hear(e, 'api', 8080), 'api:0\n');
});
