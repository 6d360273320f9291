import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLandlockAbi } from '../../../stages/linux/landlock-abi.ts';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const skip = readLandlockAbi() < 4 && 'needs version 4 of Landlock';
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64', '/etc', '/proc', '/dev'];

type Json = Readonly<Record<string, unknown>>;

async function run(landlock: Json, command: string, app: Json = {}): ReturnType<typeof pod> {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'landlock' },
    network: { mode: 'none' },
    volumes: [{ name: 'data', kind: 'empty' }],
    apps: [
      {
        name: 'shell',
        image: 'host',
        exec: ['/bin/bash', '-c', command],
        mounts: [{ volume: 'data', path: '/data' }],
        ...app,
        isolators: { 'os/linux/landlock': landlock, ...(app['isolators'] as Json | undefined) },
      },
    ],
  };
  return pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest) });
}

async function lines(landlock: Json, command: string, app: Json = {}): Promise<string[]> {
  const { stdout, stderr, exitCode } = await run(landlock, command, app);
  assert.equal(exitCode, 0, stderr);
  return stdout.trim().split('\n');
}

test('what may be read, written and executed is what the lists say', { skip }, async () => {
  const seen = await lines(
    { read: [...SYSTEM, '/data'], write: ['/data', '/dev/null'], execute: ['/usr', '/bin', '/lib', '/lib64'] },
    [
      'echo one > /data/file && cat /data/file',
      'echo two 2>/dev/null > /tmp/file || echo no-write',
      '(: < /root/.profile) 2>/dev/null || echo no-read',
      'ls / >/dev/null 2>&1 || echo no-list',
      'cp /bin/true /data/program && /data/program 2>/dev/null || echo no-execute',
      'mv /data/file /data/other && rm /data/other && echo moved',
    ].join('; '),
  );
  assert.deepEqual(seen, ['one', 'no-write', 'no-read', 'no-list', 'no-execute', 'moved']);
});

test('a list that is missing restricts nothing', { skip }, async () => {
  const seen = await lines(
    { write: ['/dev/null'] },
    'ls / >/dev/null && echo list; touch /data/x 2>/dev/null || echo no',
  );
  assert.deepEqual(seen, ['list', 'no']);
});

test('ports', { skip }, async () => {
  const connect = (port: number): string => `(exec 3<>/dev/tcp/127.0.0.1/${port}) 2>&1 | grep -om1 'refused\\|denied'`;
  assert.deepEqual(await lines({ connectTcp: [81] }, `${connect(80)}; ${connect(81)}`), ['denied', 'refused']);
});

test('it holds for exec, and without no_new_privs', { skip }, async () => {
  const isolators = { 'os/linux/no-new-privileges': false };
  const seen = await lines({ write: ['/dev/null'] }, 'touch /data/x 2>/dev/null || echo no', { isolators });
  assert.deepEqual(seen, ['no']);
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'locked' },
    network: { mode: 'none' },
    apps: [
      { name: 'a', image: 'host', exec: ['/bin/sleep', '1000'], isolators: { 'os/linux/landlock': { write: [] } } },
    ],
  };
  await pod(['run', '-d', '-'], { root, input: JSON.stringify(manifest) });
  const { exitCode, stdout } = await pod(['exec', 'locked', '--', '/bin/sh', '-c', 'touch /x; echo $?'], { root });
  assert.deepEqual([exitCode, stdout.trim()], [0, '1']);
});

test('a path that is not there fails the start at its line', { skip }, async () => {
  const { exitCode, stderr } = await run({ read: ['/nowhere'] }, 'true');
  assert.equal(exitCode, 125);
  assert.match(stderr, /-:1:\d+: error: allow \/nowhere by Landlock: no such file or directory/);
});
