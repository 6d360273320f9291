import assert from 'node:assert/strict';
import { existsSync, readlinkSync } from 'node:fs';
import { hostname, uptime as hostUptime } from 'node:os';
import { after, before, test } from 'node:test';
import { pod } from '../../harness/pod-cli.ts';
import { parseReport, probeApp, probeExec, probeManifest, startHoldingPod } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { isUserModeLinux } from '../../harness/user-mode-linux.ts';

type Json = Readonly<Record<string, unknown>>;

const root = useTempRoot();
type Kind = 'ipc' | 'uts' | 'time' | 'net' | 'pid' | 'mnt' | 'user' | 'cgroup';
/** A kernel may be built without time namespaces. */
const hasClocks = existsSync('/proc/self/ns/time');
const KINDS = (['ipc', 'uts', 'time', 'net', 'pid', 'mnt', 'user', 'cgroup'] as const).filter(
  (kind) => kind !== 'time' || hasClocks,
);

function hostNamespace(kind: Kind): string {
  return readlinkSync(`/proc/self/ns/${kind}`);
}

/** The addresses of a bridge tell most; a network without them is one to share as well. */
const NETWORK = isUserModeLinux ? 'none' : 'bridge';

const first: Partial<Record<string, string>> = {};
let addresses: string[] = [];

before(async () => {
  await startHoldingPod(root, { name: 'first', pod: { hostname: 'the-first', network: { mode: NETWORK } } });
  const report = await probeExec(root, 'first');
  Object.assign(first, report.namespaces);
  addresses = report.addresses.map(({ address }) => address).sort();
});

after(() => pod(['rm', '--force', 'first'], { root }));

test("run --net takes another pod's network, too", async () => {
  const input = probeManifest({ name: 'second' });
  const report = parseReport((await pod(['run', '--rm', '--net', 'pod:first', '-'], { root, input })).stdout);
  assert.equal(report.namespaces.net, first['net']);
  const { exitCode, stderr } = await pod(['run', '--rm', '--net', 'pod:nobody', '-'], { root, input });
  assert.deepEqual([exitCode, /share the net namespace of pod "nobody"/.test(stderr)], [125, true], stderr);
  assert.equal((await pod(['run', '--net', 'pod:', '-'], { root, input })).exitCode, 125);
});

/** Which are the host's, and which are the first pod's; all others have to be the pod's own. */
const TABLE: readonly (readonly [string, Json, Partial<Record<Kind, 'host' | 'first'>>])[] = [
  [
    'nothing is shared',
    { isolators: { 'os/linux/namespaces': hasClocks ? { time: 'private' } : { uts: 'private' } } },
    {},
  ],
  [
    'what may be is shared with the host',
    { userns: 'host', isolators: { 'os/linux/namespaces': { ipc: 'host', uts: 'host', time: 'host' } } },
    { ipc: 'host', uts: 'host', time: 'host', user: 'host' },
  ],
  ['the hostname alone', { isolators: { 'os/linux/namespaces': { uts: 'host' } } }, { uts: 'host' }],
  [
    "another pod's, each way",
    { network: { mode: 'pod:first' }, isolators: { 'os/linux/namespaces': { ipc: 'pod:first', uts: 'pod:first' } } },
    { net: 'first', ipc: 'first', uts: 'first' },
  ],
  ["another pod's network alone", { network: { mode: 'pod:first' } }, { net: 'first' }],
];

for (const [name, fields, shared] of TABLE) {
  test(name, async () => {
    const report = await probeApp(root, { name: 'second', pod: { network: { mode: 'none' }, ...fields } });
    for (const kind of KINDS) {
      const seen = report.namespaces[kind];
      const owners = { host: hostNamespace(kind), first: first[kind] };
      const found = Object.entries(owners).find(([, namespace]) => namespace === seen)?.[0];
      assert.equal(found, shared[kind], `${kind}: ${seen}`);
    }
    const name = { host: hostname(), first: 'the-first' }[shared.uts!] ?? 'second';
    assert.equal(report.hostname, name);
    if (shared.net === 'first') assert.deepEqual(report.addresses.map(({ address }) => address).sort(), addresses);
    const mounts = report.mounts.filter(({ path }) => path === '/sys' || path === '/dev/mqueue');
    assert.deepEqual(mounts.map(({ type }) => type).sort(), ['mqueue', 'sysfs']);
  });
}

test('a pod that shares a network has no power over it', async () => {
  const fields = { network: { mode: 'pod:first' } };
  const app = { isolators: { 'os/linux/capabilities-retain-set': { set: ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'] } } };
  const input = JSON.parse(probeManifest({ name: 'second', app, pod: fields })) as { apps: Json[] };
  const script = 'ip link set lo down 2>&1; echo 1 2>/dev/null > /proc/sys/net/ipv4/ip_forward || echo closed';
  input.apps[0] = { ...input.apps[0], exec: ['/bin/sh', '-c', script] };
  const { stdout } = await pod(['run', '--rm', '-'], { root, input: JSON.stringify(input) });
  assert.match(stdout, /Operation not permitted[^]*closed/);
});

test('clocks of its own', async (context) => {
  if (!hasClocks) return context.skip('no time namespaces');
  const fields = { isolators: { 'os/linux/namespaces': { time: { monotonic: '1500ms', boottime: '-20s' } } } };
  const input = JSON.parse(probeManifest({ name: 'second', pod: { network: { mode: 'none' }, ...fields } })) as {
    apps: Json[];
  };
  input.apps[0] = { ...input.apps[0], exec: ['/bin/cat', '/proc/self/timens_offsets', '/proc/uptime'] };
  const before = hostUptime();
  const { stdout, stderr } = await pod(['run', '--rm', '-'], { root, input: JSON.stringify(input) });
  const after = hostUptime();
  const [monotonic, boottime, uptime] = stdout.trim().split('\n');
  assert.deepEqual(
    [monotonic?.split(/ +/), boottime?.split(/ +/)],
    [
      ['monotonic', '1', '500000000'],
      ['boottime', '-20', '0'],
    ],
    stderr,
  );
  const ofHost = Number(uptime!.split(' ')[0]) + 20;
  // The kernel shows hundredths of a second.
  assert.ok(ofHost > before - 0.1 && ofHost < after + 0.1, `${uptime} between ${before} and ${after}`);
});

test('the status shows which namespaces are shared, and the clocks', async () => {
  const time = hasClocks ? { time: { monotonic: '1500ms', boottime: '-20s' } } : {};
  const isolators = { 'os/linux/namespaces': { ipc: 'pod:first', uts: 'host', pid: 'app', ...time } };
  await startHoldingPod(root, { name: 'third', pod: { network: { mode: 'none' }, isolators } });
  try {
    const { stdout } = await pod(['status', '-o', 'json', 'third'], { root });
    const { inForce } = JSON.parse(stdout) as { inForce: Readonly<Record<string, Readonly<Record<string, unknown>>>> };
    const own = inForce['os/linux/namespaces']!;
    assert.deepEqual([own['ipc'], own['uts'], own['pid']], [first['ipc'], 'host', 'app']);
    if (!hasClocks) return;
    assert.deepEqual([own['monotonicSeconds'], own['boottimeSeconds']], [1.5, -20]);
    assert.match(String(own['time']), /^time:\[\d+\]$/);
  } finally {
    await pod(['rm', '--force', 'third'], { root });
  }
});

test('a clock that would be before the boot of the host', async (context) => {
  if (!hasClocks) return context.skip('no time namespaces');
  if (hostUptime() > 570 * 3600) return context.skip('the host has run for longer than an offset can be');
  const fields = { isolators: { 'os/linux/namespaces': { time: { boottime: '-575h' } } } };
  const input = probeManifest({ name: 'before', pod: { network: { mode: 'none' }, ...fields } });
  const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input });
  assert.equal(exitCode, 125);
  assert.match(stderr, /set the pod's clocks: .*\n +hint: a clock cannot go back to before the boot of this host/);
});

const REFUSED: readonly (readonly [string, Json, RegExp])[] = [
  [
    "the host's IPC with a user namespace of its own",
    { isolators: { 'os/linux/namespaces': { ipc: 'host' } } },
    /share the host's IPC namespace: the pod has a user namespace of its own/,
  ],
  [
    'a hostname where it is shared',
    { hostname: 'other', isolators: { 'os/linux/namespaces': { uts: 'host' } } },
    /hostname "other" could not be set/,
  ],
  ['a pod that is not there', { network: { mode: 'pod:nobody' } }, /share the net namespace of pod "nobody": find pod/],
  ['itself', { network: { mode: 'pod:second' } }, /share the net namespace of pod "second": it is this pod/],
  [
    "a sysctl of what is another pod's",
    {
      network: { mode: 'pod:first' },
      isolators: { 'os/linux/sysctl': { 'net.core.somaxconn': 1 } },
    },
    /set sysctl "net.core.somaxconn": the namespace it is of is another pod's/,
  ],
  [
    "a sysctl of what is the host's",
    {
      userns: 'host',
      isolators: { 'os/linux/namespaces': { ipc: 'host' }, 'os/linux/sysctl': { 'kernel.msgmax': 1 } },
    },
    /set sysctl "kernel.msgmax": the namespace it is of is the host's/,
  ],
];

for (const [name, fields, message] of REFUSED) {
  test(`${name}: refused at its line`, async () => {
    const input = probeManifest({ name: 'second', pod: { network: { mode: 'none' }, ...fields } });
    const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input });
    assert.equal(exitCode, 125);
    assert.match(stderr, /^-:1:\d+: /m);
    assert.match(stderr, message);
  });
}

test('when the other pod ends, its addresses lead nowhere', async (context) => {
  if (isUserModeLinux) return context.skip('no bridge');
  await startHoldingPod(root, { name: 'owner' });
  await startHoldingPod(root, { name: 'guest', pod: { network: { mode: 'pod:owner' } } });
  const carrier = async (): Promise<string> => {
    const { stdout } = await pod(['exec', 'guest', '--', '/bin/cat', '/sys/class/net/eth0/carrier'], { root });
    return stdout.trim();
  };
  assert.equal(await carrier(), '1');
  const third = probeManifest({ name: 'third', pod: { network: { mode: 'pod:guest' } } });
  const { stderr } = await pod(['run', '--rm', '-'], { root, input: third });
  assert.match(stderr, /share the net namespace of pod "guest": it uses the network of another pod/);
  await pod(['rm', '--force', 'owner'], { root });
  assert.equal(await carrier(), '0');
  await pod(['rm', '--force', 'guest'], { root });
});

test("a pod whose network is the host's is not shared, and one that has ended is not there", async () => {
  const input = (mode: string, name: string): string => probeManifest({ name, pod: { network: { mode } } });
  await startHoldingPod(root, { name: 'open', pod: { network: { mode: 'host' } } });
  const shared = await pod(['run', '--rm', '-'], { root, input: input('pod:open', 'second') });
  assert.match(shared.stderr, /share the net namespace of pod "open": it uses the network of the host/);
  await pod(['stop', '--grace', '0s', 'open'], { root });
  const ended = await pod(['run', '--rm', '-'], { root, input: input('pod:open', 'second') });
  assert.match(ended.stderr, /share the net namespace of pod "open": .*\[pod\/state\]/);
});
