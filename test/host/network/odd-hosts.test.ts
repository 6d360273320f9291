import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { POD_BIN } from '../../harness/paths.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

/** In a script; a verb and its arguments follow. */
const RUN = `${process.execPath} ${POD_BIN} --root ${root}`;

/** A host of its own that was set up by these commands; what is left on it goes before it does. */
function host(...commands: readonly string[]): readonly string[] {
  const script = ['set -e', 'ip link set lo up', ...commands, '"$@"', `${RUN} gc --grace 0s -q >&2`].join('\n');
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

test('after somebody flushed the firewall the next start says so and makes it anew', async () => {
  const flushed = [...UPLINK, `${RUN} run --rm -q "$MANIFEST"`, 'nft flush ruleset', `! ${RUN} run --rm "$MANIFEST"`];
  const file = join(root, 'odd.yaml');
  writeFileSync(file, manifest({ exec: ['/bin/true'] }));
  const { exitCode, stderr } = await pod(['run', '--rm', file], {
    root,
    env: { MANIFEST: file },
    wrapper: host(...flushed),
  });
  assert.equal(exitCode, 0, stderr);
  assert.match(stderr, /had removed the bridge network .* \[network\/failed\]/);
});

test('a bridge that somebody set down is up again for the next pod, and for those that run', async () => {
  const file = join(root, 'down.yaml');
  writeFileSync(file, manifest({ exec: ['/bin/sleep', '1000'] }));
  const bridge = '$(ip -br link | grep -o "^pod[0-9a-f]*")';
  // Once it is set up the kernel takes its time to find that it has a carrier.
  const show = (name: string): string =>
    `until ip -br addr show ${bridge} up >"$ROOT/${name}" && grep -q " UP " "$ROOT/${name}"; do sleep 0.1; done`;
  const script = [
    ...UPLINK,
    `${RUN} run -d -q --name first "$MANIFEST"`,
    show('before'),
    `ip link set ${bridge} down`,
    `${RUN} run -d -q --name second "$MANIFEST"`,
    show('started'),
    `ip link set ${bridge} down`,
    `${RUN} gc`,
    show('collected'),
  ];
  const env = { MANIFEST: file, ROOT: root };
  const { exitCode, stderr } = await pod(['rm', '--force', 'first', 'second'], { root, wrapper: host(...script), env });
  assert.equal(exitCode, 0, stderr);
  const before = readFileSync(join(root, 'before'), 'utf8');
  assert.match(before, /^pod[0-9a-f]{6} +UP +.*\d\/20 fd/);
  for (const after of ['started', 'collected']) assert.equal(readFileSync(join(root, after), 'utf8'), before, after);
});

test('gc gives pods that run their firewall and their bridge back', async () => {
  const file = join(root, 'runs.yaml');
  writeFileSync(file, manifest({ exec: ['/bin/sleep', '1000'], ports: [{ name: 'http', port: 80, hostPort: 8080 }] }));
  const script = [
    ...UPLINK,
    `${RUN} run -d -q "$MANIFEST"`,
    'nft list ruleset | sort >"$ROOT/before"',
    'nft flush ruleset',
    'ip link del $(ip -br link | grep -o "^pod[0-9a-f]*")',
    `${RUN} gc`,
    'nft list ruleset | sort >"$ROOT/after"',
    'ip -br link show master $(ip -br link | grep -o "^pod[0-9a-f]*") >"$ROOT/ports"',
  ];
  const wrapper = host(...script);
  const stderr = await pod(['rm', '--force', 'odd'], { root, wrapper, env: { MANIFEST: file, ROOT: root } });
  assert.match(stderr.stderr, /^restored the network pod[0-9a-f]{6}:/m);
  assert.equal(readFileSync(join(root, 'after'), 'utf8'), readFileSync(join(root, 'before'), 'utf8'));
  assert.match(readFileSync(join(root, 'ports'), 'utf8'), /^vp[0-9a-f]{12}@/);
});

test('a host with routes to every private network can collect and remove', async () => {
  const nets = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];
  const wrapper = host(...nets.map((net) => `ip route add ${net} dev lo`));
  await podOk(['gc', '--grace', '0s'], { root: `${root}/other`, wrapper });
});
