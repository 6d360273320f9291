// Isolators that are system calls of the app's own, as the app sees them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseHardLimits, RLIMIT } from '../../../stages/linux/rlimit.ts';
import { probeBothWays } from '../../harness/both-ways.ts';
import { pod } from '../../harness/pod-cli.ts';
import { probeExec, probeManifest, startHoldingPod } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const NO_NETWORK = { network: { mode: 'none' } };

type Json = Readonly<Record<string, unknown>>;

/** What a shell in the pod prints. */
async function shell(command: string, { app = {}, fields = {} }: { app?: Json; fields?: Json } = {}): Promise<string> {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'shell' },
    ...NO_NETWORK,
    ...fields,
    apps: [{ name: 'shell', image: 'host', exec: ['/bin/sh', '-c', command], ...app }],
  };
  const { stdout, stderr, exitCode } = await pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest) });
  assert.equal(exitCode, 0, stderr);
  return stdout;
}

/** How a pod that cannot be had is refused. */
async function refusal(isolators: Json, fields: Json = {}, ofPod = false): Promise<string> {
  const options = ofPod
    ? { pod: { ...NO_NETWORK, ...fields, isolators } }
    : { app: { isolators }, pod: { ...NO_NETWORK, ...fields } };
  const { exitCode, stderr } = await pod(['run', '--rm', '-'], { root, input: probeManifest(options) });
  assert.equal(exitCode, 125, stderr);
  return stderr;
}

const ALL = {
  'os/linux/rlimits': { nofile: { soft: 100, hard: 200 }, nproc: 50, core: 0, fsize: { soft: 4096 }, as: 'unlimited' },
  'os/linux/umask': '0027',
  'os/linux/scheduler': { policy: 'batch', nice: 7 },
  'os/linux/personality': { domain: 'linux32', flags: ['ADDR_NO_RANDOMIZE'] },
};
const check = probeBothWays(root, { app: { isolators: ALL }, pod: NO_NETWORK });

check('rlimits: soft and hard, for both, and unlimited', ({ rlimits }) => {
  assert.deepEqual(rlimits['NOFILE'], [100, 200]);
  assert.deepEqual(rlimits['NPROC'], [50, 50]);
  assert.deepEqual(rlimits['FSIZE'], [4096, 4096]);
  assert.deepEqual(rlimits['AS'], [null, null]);
  // Not named: as without the isolator.
  assert.deepEqual(rlimits['MSGQUEUE'], [819_200, 819_200]);
});
check('umask', ({ umask }) => assert.equal(umask, 0o027));
check('scheduler: policy and nice', ({ nice, scheduler }) => assert.deepEqual([nice, scheduler], [7, 3]));
check('personality', ({ personality }) => assert.equal(personality, 0x0040008));

test("a hard limit above the host's own is refused with the line", async () => {
  const bound = parseHardLimits(readFileSync('/proc/self/limits', 'utf8'))[RLIMIT.RLIMIT_NOFILE];
  if (bound === undefined) return;
  const said = await refusal({ 'os/linux/rlimits': { nofile: { soft: 1, hard: Number(bound) + 1 } } });
  assert.match(said, new RegExp(`limit nofile to ${bound + 1n}: the host's own hard limit is ${bound}`));
  assert.match(said, /-:1:\d+/);
});

test('a soft limit above the hard one is refused', async () => {
  const said = await refusal({ 'os/linux/rlimits': { nofile: { soft: 3, hard: 2 } } });
  assert.match(said, /limit nofile to 3: it is above the hard limit, 2/);
});

test('scheduler: I/O priority', async () => {
  const isolators = { 'os/linux/scheduler': { io: { class: 'idle' } } };
  assert.match(await shell('ionice -p $$', { app: { isolators } }), /idle/);
});

test('what takes from others is denied to a pod with a user namespace, at its line', async () => {
  assert.match(
    await refusal({ 'os/linux/scheduler': { nice: -5 } }),
    /-:1:\d+: .*set nice to -5: .*(denied|not permitted)/i,
  );
  const realTime = await refusal({ 'os/linux/scheduler': { policy: 'fifo', priority: 1 } });
  assert.match(realTime, /-:1:\d+: .*schedule as fifo/);
});

for (const [keyring, shares] of [
  ['pod', true],
  ['app', false],
] as const) {
  test(`session keyring of the ${keyring}`, async () => {
    // The default filter lets nobody ask.
    const isolators = { 'os/linux/keyring': keyring, 'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] } };
    const name = `keyring-${keyring}`;
    await startHoldingPod(root, { name, app: { isolators }, pod: NO_NETWORK });
    const [first, second] = [await probeExec(root, name), await probeExec(root, name)];
    assert.deepEqual([first.sessionKeyring.outcome, second.sessionKeyring.outcome], ['ok', 'ok']);
    assert.equal(first.sessionKeyring.id === second.sessionKeyring.id, shares);
  });
}

test("sysctls of the pod's namespaces hold in them, and not on the host", async () => {
  const file = '/proc/sys/net/ipv4/ip_default_ttl';
  const before = readFileSync(file, 'utf8');
  const isolators = {
    'os/linux/sysctl': {
      'net.ipv4.ip_default_ttl': 77,
      'kernel.shmmni': '99',
      'fs.mqueue.msg_max': 11,
      'kernel.sem': '251  32001 33',
      'net.ipv4.ping_group_range': '0 7',
    },
  };
  const files = ['kernel/shmmni', 'fs/mqueue/msg_max', 'kernel/sem', 'net/ipv4/ping_group_range'];
  const seen = await shell(`cat ${file} ${files.map((name) => `/proc/sys/${name}`).join(' ')}`, {
    fields: { isolators },
  });
  assert.deepEqual(
    seen
      .trim()
      .split('\n')
      .map((line) => line.split('\t').slice(0, 3).join(' ')),
    ['77', '99', '11', '251 32001 33', '0 7'],
  );
  assert.equal(readFileSync(file, 'utf8'), before);
});

test("settings of the pod's user and UTS namespaces hold in it, and are refused where those are the host's", async () => {
  const isolators = { 'os/linux/sysctl': { 'user.max_inotify_watches': 33, 'kernel.domainname': 'pods.example' } };
  const files = '/proc/sys/user/max_inotify_watches /proc/sys/kernel/domainname';
  assert.equal((await shell(`cat ${files}`, { fields: { isolators } })).trim(), '33\npods.example');
  const refused = [
    [{ 'user.max_inotify_watches': 33 }, {}, { userns: 'host' }],
    [{ 'kernel.domainname': 'x' }, { 'os/linux/namespaces': { uts: 'host' } }, {}],
  ] as const;
  for (const [sysctls, others, fields] of refused) {
    const said = await refusal({ 'os/linux/sysctl': sysctls, ...others }, fields, true);
    assert.match(said, /set sysctl .* the host's/);
  }
});

test("a sysctl that is the host's is refused, whatever it is called", async () => {
  const names = [
    'kernel.core_pattern',
    'vm.overcommit_memory',
    'kernel.hostname',
    'net..core',
    'fs.file-max',
    'kernel.semx',
  ];
  for (const name of names) {
    assert.match(await refusal({ 'os/linux/sysctl': { [name]: '1' } }, {}, true), /-:1:\d+: .*sysctl/, name);
  }
  const shared = await refusal({ 'os/linux/sysctl': { 'net.core.somaxconn': 1 } }, { network: { mode: 'host' } }, true);
  assert.match(shared, /with "network: \{mode: host\}" it is the host's/);
  assert.match(await refusal({ 'os/linux/sysctl': { 'kernel.sem': '1\n2' } }, {}, true), /-:1:\d+/);
});

test('more numbers than a sysctl takes are refused: the kernel takes the first, and says that it took all', async () => {
  for (const [name, value] of [
    ['net.ipv4.ip_default_ttl', '77 78'],
    ['kernel.shmmni', '99 100 101'],
    ['net.ipv4.ping_group_range', '0 7 9'],
  ] as const) {
    const said = await refusal({ 'os/linux/sysctl': { [name]: value } }, {}, true);
    assert.match(said, /-:1:\d+: .*the kernel reports another value[^]*how many numbers/, said);
  }
});

test('masked and read-only paths, of images and volumes, through links, and where there is nothing', async () => {
  const app = {
    mounts: [{ volume: 'data', path: '/data' }],
    isolators: {
      'os/linux/masked-paths': { set: ['/etc/passwd', '/usr/share', '/var/run', '/not/there', '/data/inside'] },
      'os/linux/readonly-paths': { set: ['/data', '/root', '/nor/this'] },
    },
  };
  const fields = { volumes: [{ name: 'data', kind: 'inline', files: { inside: 'secret\n', other: 'open\n' } }] };
  const seen = await shell(
    [
      'wc -c < /etc/passwd',
      'ls /usr/share | wc -l',
      'cat /data/inside | wc -c',
      'cat /data/other',
      'touch /root/x 2>/dev/null || echo refused',
      'umount /etc/passwd 2>/dev/null || echo kept',
      'echo x 2>/dev/null > /etc/passwd; wc -c < /etc/passwd',
    ].join('; '),
    { app, fields },
  );
  assert.deepEqual(seen.trim().split('\n'), ['0', '0', '0', 'open', 'refused', 'kept', '0']);
});
