import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { outputOf, runIsolated } from './isolated-pod.ts';

const root = useTempRoot();
const skip = !existsSync('/dev/net/tun') && 'no /dev/net/tun';
const TUN = { 'os/linux/devices': { allow: [{ path: '/dev/net/tun', access: 'rw' }] } };
const OPEN_TUN = '(: <> /dev/net/tun) && echo open; stat -c "%F %t:%T" /dev/net/tun';

function twoApps(userns: string): string {
  const app = (name: string, isolators: object): object => ({
    name,
    image: 'host',
    exec: ['/bin/bash', '-c', `{ ${OPEN_TUN}; } 2>/dev/null`],
    isolators,
  });
  const apps = [app('with', TUN), app('without', {})];
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'devices' },
    network: { mode: 'none' },
    userns,
    apps,
  });
}

test('a device is there for the app that has it, and closed to the others', { skip }, async () => {
  const { stdout, stderr } = await pod(['run', '--rm', '-'], { root, input: twoApps('host') });
  assert.deepEqual(
    stdout.trim().replaceAll(/ +/g, ' ').split('\n').toSorted(),
    ['with | character special file a:c8', 'with | open', 'without | character special file a:c8'],
    stderr,
  );
});

test('a device by its numbers needs a node of the app’s own making', async () => {
  const isolators = {
    'os/linux/devices': { allow: [{ type: 'c', major: 1, minor: 11, access: 'm' }] },
    'os/linux/capabilities-retain-set': { set: ['CAP_MKNOD'] },
  };
  const command = 'cd /tmp; mknod kmsg c 1 11 && echo made; (: < kmsg) 2>/dev/null || echo closed';
  const input = JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'devices' },
    network: { mode: 'none' },
    userns: 'host',
    apps: [{ name: 'app', image: 'host', exec: ['/bin/bash', '-c', command], isolators }],
  });
  const { stdout } = await pod(['run', '--rm', '-'], { root, input });
  assert.equal(stdout.trim(), 'made\nclosed');
});

test('a device that is not there is refused at its line', async () => {
  const app = { 'os/linux/devices': { allow: [{ path: '/dev/of-the-future' }] } };
  const { stderr, exitCode } = await runIsolated(root, 'true', { app });
  assert.equal(exitCode, 125);
  assert.match(stderr, /^-:\d+:\d+: .*"\/dev\/of-the-future": the host has no such device/m);
});

test('a pod that asks for none has the nodes of every pod', async () => {
  const output = await outputOf(
    root,
    'cd /dev; for name in *; do [ ! -L "$name" ] && [ -c "$name" ] && echo "$name"; done; true',
    {},
  );
  assert.deepEqual(output.split('\n'), ['full', 'null', 'random', 'tty', 'urandom', 'zero']);
});
