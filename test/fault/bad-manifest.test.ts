import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { useTempRoot } from '../harness/temp-root.ts';
import { assertRefused, manifestWith, type Refusal } from './refused.ts';

const root = useTempRoot();
const HOST = { name: 'd', kind: 'host', source: '/srv', readOnly: true };

const CASES: Readonly<Record<string, readonly [string, Refusal]>> = {
  'a volume source that is missing': [
    manifestWith({ mounts: [{ volume: 'd', path: '/d' }] }, [{ name: 'd', kind: 'host', source: '/no/such/place' }]),
    { code: 'manifest/reference', at: '4:46' },
  ],
  'an image directory that is missing': [
    manifestWith({ image: 'dir:/no/such/place' }),
    { code: 'image/reference', at: '7:12' },
  ],
  'an image layout that is missing': [
    manifestWith({ image: 'oci:/no/such/place' }),
    { code: 'image/reference', at: '7:12' },
  ],
  'a subPath that is not in the volume': [
    manifestWith({ mounts: [{ volume: 'd', path: '/d', subPath: 'no-such/y' }] }, [HOST]),
    { code: 'pod/start-failed', at: '9:14', says: /open "no-such\/y" in volume "d": no such file/ },
  ],
  'a user the image does not know': [manifestWith({ user: 'nobody-of-that-name' }), { code: 'image/user', at: '9:11' }],
  'a command that is nowhere': [
    manifestWith({ exec: ['/no/such/command'] }),
    { code: 'pod/command-not-found', at: '8:11', exitCode: 127 },
  ],
  'a command that is nowhere on the PATH': [
    manifestWith({ exec: ['no-such-command'] }),
    { code: 'pod/command-not-found', exitCode: 127 },
  ],
  'a command that is not executable': [
    manifestWith({ exec: ['/etc/passwd'] }),
    { code: 'pod/command-not-runnable', at: '8:11', exitCode: 126 },
  ],
  'a command that is a directory': [
    manifestWith({ exec: ['/etc'] }),
    { code: 'pod/command-not-runnable', exitCode: 126 },
  ],
  'a working directory that is missing': [
    manifestWith({ workingDirectory: '/no/such/place' }),
    { code: 'pod/start-failed', at: '9:23', says: /working directory/ },
  ],
  'a memory limit no process fits in': [
    manifestWith({ isolators: { 'resource/memory': { limit: '4Ki' } } }),
    { code: 'manifest/schema', at: '9:44' },
  ],
};

for (const [name, [manifest, expected]] of Object.entries(CASES)) {
  test(`${name} is one error with its place, and leaves nothing`, () => assertRefused(manifest, { root, expected }));
}

test('a host port that a process of the host has is an error at its line', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const manifest = manifestWith({ ports: [{ name: 'http', port: 80, hostPort: portOf(server) }] });
    await assertRefused(manifest, { root, expected: { code: 'network/port-taken', at: '9:49' } });
  } finally {
    server.close();
  }
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not a TCP server');
  return address.port;
}
