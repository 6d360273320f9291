import { test } from 'node:test';
import type { Pod } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PORTS, SERVER } from './grpc-servers.ts';
import { shell, start, untilLogged } from './pods.ts';
import { messageOf, untilApp } from './probes.ts';

const root = useTempRoot();
const FOREVER = 'exec sleep 100000';

interface Case {
  readonly port: number;
  readonly service?: string;
  /** Why it is not ready; null when it is. */
  readonly message: string | null;
}

const CASES: Readonly<Record<string, Case>> = {
  whole: { port: PORTS.health, message: null },
  up: { port: PORTS.health, service: 'up', message: null },
  down: { port: PORTS.health, service: 'down', message: 'the status of the service is NOT_SERVING' },
  odd: { port: PORTS.health, service: 'odd', message: 'the status of the service is 7' },
  unknown: { port: PORTS.health, service: 'x'.repeat(300), message: 'grpc-status 5 NOT_FOUND' },
  split: { port: PORTS.split, message: null },
  bare: { port: PORTS.bare, message: 'grpc-status 12 UNIMPLEMENTED' },
  resets: { port: PORTS.resets, message: 'the server reset the request: REFUSED_STREAM' },
  leaves: { port: PORTS.leaves, message: 'the server closes the connection: ENHANCE_YOUR_CALM' },
  html: { port: PORTS.html, message: 'the answer is not gRPC' },
  compressed: { port: PORTS.compressed, message: 'the answer is compressed' },
  old: { port: PORTS.old, message: 'the server speaks HTTP/1, not HTTP/2' },
  encrypted: { port: PORTS.encrypted, message: 'the server expects TLS' },
  silent: { port: PORTS.silent, message: 'timed out after 1s' },
  drips: { port: PORTS.drips, message: 'timed out after 1s' },
  acknowledged: { port: PORTS.acknowledged, message: null },
  cut: { port: PORTS.cut, message: 'the connection was closed before the end of the answer' },
  pings: { port: PORTS.pings, message: 'the server asks for replies and does not read them' },
  endless: { port: PORTS.endless, message: 'the answer is longer than 64 KB' },
  nobody: { port: 7199, message: 'connection refused' },
};

async function startCases(): Promise<Pod> {
  const apps = Object.entries(CASES).map(([name, { port, service }]) => {
    const grpc = { port, ...(service === undefined ? {} : { service }) };
    return shell(name, FOREVER, { probes: { ready: { grpc, period: '200ms', timeout: '1s', failures: 1 } } });
  });
  const server = shell('server', `exec node -e "$SERVER"`, { env: { SERVER } });
  const pod = await start(root, 'grpc', server, ...apps);
  await untilLogged(root, pod, 'listening');
  return pod;
}

test('a gRPC server is asked for its health, and each way not to answer is told as what it is', async () => {
  await using pod = await startCases();
  for (const [name, { message }] of Object.entries(CASES))
    await untilApp(root, pod, name, (app) => app.ready === (message === null) && messageOf(app) === message);
});
