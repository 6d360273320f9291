import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { parseReport, probeManifest } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { parentOf, USER, whatIsIn, withTun } from './normal-user.ts';

const scratch = mkdtempSync('/var/tmp/pod-user-');
const wrapper = withTun(scratch);
const root = useTempRoot({ uid: USER, wrapper });
const as = { root, wrapper };
after(() => rmSync(scratch, { recursive: true }));

function ofHost(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
}

/** Programs of the user's that connect pods; those that wait to be reaped have ended. */
function connectors(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return (
        status.startsWith('Name:\tslirp4netns\n') && status.includes(`\nUid:\t${USER}\t`) && !/^State:\tZ/m.test(status)
      );
    } catch {
      // It has ended since the directory was read.
      return false;
    }
  });
}

/** On which nobody else makes connections, which would take ports that were free. */
const LOOPBACK = '127.0.0.54';

function serving(name: string, hostPort: number, hostIP = LOOPBACK): string {
  const ports = [{ name: 'hello', port: 8000, hostPort, hostIP }];
  return probeManifest({ name, args: ['serve', '8000'], app: { ports } });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test('a normal user’s pod has an address, a nameserver and a way out, but none to the host’s loopback', async () => {
  const seen = parseReport(await podOk(['run', '--rm', '-'], { ...as, input: probeManifest({}) }));
  assert.deepEqual(
    seen.addresses.filter(({ link, address }) => link === 'tap0' && !address.includes(':')).map((one) => one.address),
    ['10.0.2.100'],
  );
  const server = createServer((socket) => socket.end('from outside\n')).listen(0, '0.0.0.0');
  await once(server, 'listening');
  try {
    const port = String((server.address() as AddressInfo).port);
    const fetch = (host: string): ReturnType<typeof pod> =>
      pod(['run', '--rm', '-'], { ...as, input: probeManifest({ args: ['fetch', host, port] }) });
    const host = ofHost();
    if (host !== undefined) assert.equal((await fetch(host)).stdout, 'from outside');
    assert.equal((await fetch('10.0.2.2')).exitCode, 1);
  } finally {
    server.close();
  }
  await eventually(() => Promise.resolve(assert.deepEqual(connectors(), [])));
});

test('its ports are published, one that is taken is refused at its line, and all ends with the pod', async () => {
  const port = await freePort();
  await podOk(['run', '-d', '-'], { ...as, input: serving('serves', port) });
  await eventually(async () => assert.equal(await podOk(['logs', 'serves'], as), 'serving'));
  assert.match(await text(connect(port, LOOPBACK)), /^hello .*10\.0\.2\.2\n$/);
  const status = JSON.parse(await podOk(['status', '-o', 'json', 'serves'], as)) as PodStatus;
  assert.deepEqual(status.network, { mode: 'slirp4netns', ips: ['10.0.2.100'] });
  const { exitCode, stderr } = await pod(['run', '-'], { ...as, input: serving('late', port) });
  assert.equal(exitCode, 125);
  assert.match(stderr, /^-:1:\d+: error: publish tcp port .* listens on it \[network\/port-taken\]$/m);
  await podOk(['stop', '--grace', '0s', 'serves'], as);
  await podOk(['rm', 'serves'], as);
  assert.deepEqual(whatIsIn(root), []);
  await eventually(() => Promise.resolve(assert.deepEqual(connectors(), [])));
});

test('an address that cannot be published is refused for what it is', async () => {
  const port = await freePort();
  for (const [hostIP, code] of [
    ['203.0.113.9', 'network/address'],
    ['::', 'host/unsupported'],
  ] as const) {
    const { exitCode, stderr } = await pod(['run', '-'], { ...as, input: serving('nowhere', port, hostIP) });
    assert.equal(exitCode, 125);
    assert.match(stderr, new RegExp(`^-:1:\\d+: error: .*\\[${code}\\]$`, 'm'));
  }
});

test('the network ends with a pod whose monitor and init were killed', async () => {
  const uuid = await podOk(['run', '-d', '-'], { ...as, input: serving('killed', await freePort()) });
  const { apps } = JSON.parse(await podOk(['status', '-o', 'json', uuid], as)) as PodStatus;
  const init = parentOf(apps[0]!.pid!);
  assert.equal(connectors().length, 1);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await eventually(() => Promise.resolve(assert.deepEqual(connectors(), [])));
});
