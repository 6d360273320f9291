import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { probeManifest, startHoldingPod } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();

interface Shown {
  readonly oomKilled?: boolean;
  readonly inForce: Readonly<Record<string, Readonly<Record<string, unknown>> | null>> | null;
  readonly usage: Readonly<Record<string, unknown>> | null;
}

async function shown(name: string): Promise<Shown & { readonly apps: readonly Shown[] }> {
  return JSON.parse(await podOk(['status', '-o', 'json', name], { root })) as Shown & { readonly apps: Shown[] };
}

const HELD = {
  name: 'held',
  app: {
    isolators: {
      'resource/memory': { limit: '64Mi', request: '16Mi' },
      'resource/cpu': { limit: '250m' },
      'os/linux/rlimits': { nofile: 77 },
      'os/linux/capabilities-retain-set': { set: ['CAP_KILL'] },
      'os/linux/umask': '0027',
      'os/linux/oom-score-adj': 300,
      'os/linux/scheduler': { nice: 3, io: { class: 'best-effort', level: 6 } },
    },
  },
  pod: {
    network: { mode: 'none' },
    isolators: { 'resource/memory': { limit: '128Mi' }, 'resource/pids': { limit: 50 } },
  },
};

test('the status of a running pod shows what the kernel has in force and counts', async () => {
  await startHoldingPod(root, HELD);
  try {
    const held = await shown('held');
    const app = held.apps[0]!;
    assert.equal(held.inForce?.['resource/memory']?.['limitBytes'], 128 << 20);
    assert.equal(held.inForce?.['resource/pids']?.['limit'], 50);
    assert.equal(app.inForce?.['resource/memory']?.['limitBytes'], 64 << 20);
    assert.equal(app.inForce?.['resource/memory']?.['requestBytes'], 16 << 20);
    assert.equal(app.inForce?.['resource/cpu']?.['limitCores'], 0.25);
    assert.deepEqual(app.inForce?.['os/linux/rlimits']?.['nofile'], { soft: 77, hard: 77 });
    assert.deepEqual(app.inForce?.['os/linux/capabilities-retain-set']?.['effective'], ['CAP_KILL']);
    assert.equal(app.inForce?.['os/linux/umask']?.['mask'], '0027');
    assert.equal(app.inForce?.['os/linux/oom-score-adj']?.['score'], 300);
    const scheduler = app.inForce?.['os/linux/scheduler'];
    assert.deepEqual([scheduler?.['nice'], scheduler?.['ioClass'], scheduler?.['ioLevel']], [3, 'best-effort', 6]);
    assert.equal(app.inForce?.['os/linux/seccomp-retain-set']?.['mode'], 'filter');
    for (const counter of ['cpuUsec', 'memoryBytes', 'memoryPeakBytes', 'pids', 'oomKills', 'cpuThrottledUsec']) {
      assert.equal(typeof app.usage?.[counter], 'number', counter);
    }
    const unified = facts.hierarchies.find(({ version }) => version === 2)?.mountPoint;
    const hasPressure = unified !== undefined && existsSync(`${unified}/cpu.pressure`);
    const { cpu } = app.usage!['pressure'] as { cpu: object | null };
    assert.equal(cpu !== null, hasPressure);
    const text = await podOk(['status', 'held'], { root });
    assert.match(text, /^probe +resource\/memory +.*limit 64\.0 MiB/m);
  } finally {
    await podOk(['rm', '--force', 'held'], { root });
  }
});

test('it shows settings of the pod’s namespaces, what is hidden and read-only, and how full the layer is', async () => {
  const sysctls = {
    'net.ipv4.ip_unprivileged_port_start': 81,
    'kernel.msgmax': '4097',
    'kernel.domainname': 'inside.example',
    'net.ipv4.ip_local_port_range': '4000 5000',
  };
  const isolators = {
    'resource/disk-space': { limit: '8Mi' },
    'os/linux/masked-paths': { set: ['/etc/os-release', '/opt'] },
    'os/linux/readonly-paths': { set: ['/srv'] },
  };
  const pod = { network: { mode: 'none' }, isolators: { 'os/linux/sysctl': sysctls } };
  await startHoldingPod(root, { name: 'inside', app: { isolators }, pod });
  try {
    const before = await shown('inside');
    assert.deepEqual(before.inForce?.['os/linux/sysctl'], {
      'net.ipv4.ip_unprivileged_port_start': '81',
      'kernel.msgmax': '4097',
      'kernel.domainname': 'inside.example',
      'net.ipv4.ip_local_port_range': '4000\t5000',
    });
    const app = before.apps[0]!.inForce!;
    const masked = app['os/linux/masked-paths']?.['set'] as string[];
    for (const path of ['/proc/interrupts', '/opt']) assert.ok(masked.includes(path), path);
    assert.ok(!masked.includes('/dev/null') && !masked.includes('/srv'));
    const readOnly = app['os/linux/readonly-paths']?.['set'] as string[];
    for (const path of ['/srv', '/proc/sys', '/sys', '/probe']) assert.ok(readOnly.includes(path), path);
    assert.ok(!readOnly.includes('/') && !readOnly.includes('/opt'));
    const layer = app['resource/disk-space'] as { limitBytes: number; usedBytes: number };
    assert.ok(layer.limitBytes > 6 << 20 && layer.limitBytes <= 8 << 20, `${layer.limitBytes} bytes`);
    await podOk(['exec', 'inside', '--', '/probe', 'fill', '/file', String(3 << 20)], { root });
    const { usedBytes } = (await shown('inside')).apps[0]!.inForce!['resource/disk-space'] as typeof layer;
    const added = usedBytes - layer.usedBytes;
    assert.ok(added >= 3 << 20 && added < 4 << 20, `${added} bytes more`);
  } finally {
    await podOk(['rm', '--force', 'inside'], { root });
  }
});

test('what a manifest does not ask for of them is null', async () => {
  await startHoldingPod(root, { name: 'plain', pod: { network: { mode: 'none' } } });
  try {
    const plain = await shown('plain');
    const nulls = [plain.inForce?.['os/linux/sysctl'], plain.inForce?.['resource/ephemeral-storage']];
    assert.deepEqual([...nulls, plain.apps[0]!.inForce?.['resource/disk-space']], [null, null, null]);
  } finally {
    await podOk(['rm', '--force', 'plain'], { root });
  }
});

test('what is shown is read from the kernel, not from the record', async () => {
  await startHoldingPod(root, { ...HELD, name: 'behind' });
  try {
    const { hierarchies } = facts;
    const { mountPoint, version } = hierarchies.find(({ controllers }) => controllers.includes('memory'))!;
    const { uuid } = JSON.parse(await podOk(['status', '-o', 'json', 'behind'], { root })) as { uuid: string };
    const file = version === 2 ? 'memory.max' : 'memory.limit_in_bytes';
    writeFileSync(`${mountPoint}/pod-${uuid}/app-probe/${file}`, String(48 << 20));
    assert.equal((await shown('behind')).apps[0]!.inForce?.['resource/memory']?.['limitBytes'], 48 << 20);
  } finally {
    await podOk(['rm', '--force', 'behind'], { root });
  }
});

test('an app that its memory limit has ended is told from one that was killed otherwise', async () => {
  const isolators = { 'resource/memory': { limit: '24Mi' } };
  for (const [name, exec, oomKilled] of [
    ['over', ['/probe', 'alloc', '64'], true],
    ['killed', ['/bin/sh', '-c', 'kill -9 $$'], false],
  ] as const) {
    const input = probeManifest({ name, app: { exec, isolators }, pod: { network: { mode: 'none' } } });
    assert.equal((await pod(['run', '-'], { root, input })).exitCode, 137);
    const { apps } = JSON.parse(await podOk(['status', '-o', 'json', name], { root })) as { apps: Shown[] };
    assert.equal(apps[0]!.oomKilled, oomKilled, name);
  }
});

test('an app is not told to have ended for lack of memory where only others of it did', async () => {
  const isolators = { 'resource/memory': { limit: '24Mi' } };
  const onTerm = (commands: string): string => `trap "${commands}" TERM; while :; do sleep 0.1; done`;
  for (const [name, script, isEatenByExec, end, oomKilled] of [
    ['stopped', '/probe alloc 64; exec sleep inf', false, ['stop', '--grace', '0'], false],
    ['asked', `/probe alloc 64; ${onTerm('exit 4')}`, false, ['stop'], false],
    ['killed', '/probe alloc 64; exec sleep inf', false, ['kill', '-s', 'KILL'], false],
    ['failed', onTerm('exit 3'), true, ['kill', '-s', 'TERM'], false],
    ['itself', onTerm('/probe alloc 64; exit 137'), true, ['kill', '-s', 'TERM'], true],
  ] as const) {
    const app = { exec: ['/bin/sh', '-c', script], isolators };
    await podOk(['run', '-d', '-'], { root, input: probeManifest({ name, app, pod: { network: { mode: 'none' } } }) });
    if (isEatenByExec) assert.equal((await pod(['exec', name, '/probe', 'alloc', '64'], { root })).exitCode, 137);
    await eventually(async () => assert.equal((await shown(name)).apps[0]!.usage?.['oomKills'], 1));
    await podOk([...end, name], { root });
    await pod(['wait', name], { root });
    assert.equal((await shown(name)).apps[0]!.oomKilled, oomKilled, name);
  }
});

test('a pod that does not run has nothing in force', async () => {
  await podOk(['run', '-'], {
    root,
    input: JSON.stringify({
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: 'ended' },
      network: { mode: 'none' },
      apps: [{ name: 'app', image: 'host', exec: ['/bin/true'] }],
    }),
  });
  const ended = await shown('ended');
  assert.deepEqual([ended.inForce, ended.usage, ended.apps[0]!.inForce], [null, null, null]);
  await podOk(['rm', 'ended'], { root });
});
