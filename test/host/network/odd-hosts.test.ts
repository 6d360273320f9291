import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandLine, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

/** A host of its own that was set up by these commands; what is left on it goes before it does. */
function host(...commands: readonly string[]): readonly string[] {
  const collect = [process.execPath, ...commandLine(['gc', '--grace', '0s', '-q'], root)].join(' ');
  const script = ['set -e', 'ip link set lo up', ...commands, '"$@"', `${collect} >&2`].join('\n');
  return ['unshare', '-n', 'sh', '-c', script, 'sh'];
}

const UPLINK = [
  'ip link add up0 type veth peer name up1',
  'ip addr add 192.0.2.2/24 dev up0',
  'ip link set up1 up',
  'ip link set up0 up',
];

function manifest(app: object): string {
  const apps = [{ name: 'app', image: 'host', ...app }];
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'odd' }, apps });
}

test('a host whose VPN takes all traffic has a subnet for pods', async () => {
  const vpn = ['ip route add 0.0.0.0/1 dev up0', 'ip route add 128.0.0.0/1 dev up0'];
  const input = manifest({ exec: ['/bin/cat', '/proc/net/route'] });
  const routes = await podOk(['run', '--rm', '-'], { root, input, wrapper: host(...UPLINK, ...vpn) });
  assert.match(routes, /^eth0\t00000000/m);
});

test('a host with routes to every private network can collect and remove', async () => {
  const nets = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
  const wrapper = host(...nets.map((net) => `ip route add ${net} dev lo`));
  await podOk(['gc', '--grace', '0s'], { root: `${root}/other`, wrapper });
});
