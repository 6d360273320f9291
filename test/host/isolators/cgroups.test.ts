import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { placeCgroups } from '../../../stages/stage0/cgroup/layout.ts';
import { cgroupMounts } from '../../../stages/stage0/cgroup/layout.ts';
import { cgroupLedger } from '../../../stages/stage0/cgroup/ledger.ts';
import { undoCgroups } from '../../../stages/stage0/cgroup/undo.ts';
import { listPids, readUsage } from '../../../stages/stage0/cgroup/usage.ts';
import { TapeFault } from '../../tape-player.ts';
import { spec } from '../../unit/stage0/isolators/host.ts';
import { directories, facts, inputOf, type Made, withCgroups } from './with-cgroups.ts';

const CPU = spec('resource/cpu', { request: '250m', limit: '500m' });
const MEMORY = spec('resource/memory', { request: '64Mi', limit: '256Mi' });

/** The value the kernel has for a controller's file; its name differs by version. */
function valueOf({ uuid }: Made, controller: string, version1: string, version2: string, leaf = '/app-web'): string {
  const { version, mountPoint } = facts.hierarchies.find(({ controllers }) => controllers.includes(controller))!;
  return readFileSync(`${mountPoint}/pod-${uuid}${leaf}/${version === 2 ? version2 : version1}`, 'utf8').trim();
}

/** Moves a process into the app's cgroups, as the host's root may. */
function moveIn(made: Made, pid: number): void {
  for (const { hierarchy, leaves } of placeCgroups(made.input)) {
    const leaf = leaves.find(({ app }) => app === 'web');
    writeFileSync(`${hierarchy.mountPoint}/pod-${made.uuid}${leaf ? `/${leaf.name}` : ''}/cgroup.procs`, String(pid));
  }
}

async function sleeper(): Promise<ChildProcess> {
  const child = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  await once(child, 'spawn');
  return child;
}

test('limits are in force, for the app and for the pod', async () => {
  await withCgroups(inputOf([spec('resource/memory', { limit: '1Gi' })], [CPU, MEMORY]), (made) => {
    assert.equal(valueOf(made, 'memory', 'memory.limit_in_bytes', 'memory.max'), String(256 << 20));
    assert.equal(valueOf(made, 'memory', 'memory.soft_limit_in_bytes', 'memory.low'), String(64 << 20));
    assert.equal(valueOf(made, 'memory', 'memory.limit_in_bytes', 'memory.max', ''), String(1 << 30));
    assert.equal(valueOf(made, 'pids', 'pids.max', 'pids.max', ''), '2048');
    assert.match(valueOf(made, 'cpu', 'cpu.cfs_quota_us', 'cpu.max'), /^50000( 100000)?$/);
    assert.match(valueOf(made, 'cpu', 'cpu.shares', 'cpu.weight'), /^(256|25)$/);
  });
});

test('the cleanup tape leaves no directory', async () => {
  await withCgroups(inputOf([], [CPU, MEMORY]), (made) => {
    const before = directories(made);
    assert.ok(before.length > 0 && before.every((path) => existsSync(path)));
    made.cleanUp();
    assert.deepEqual(
      before.filter((path) => existsSync(path)),
      [],
    );
    made.cleanUp();
  });
});

test('a pod opens nothing but the default devices', async (context) => {
  if (!facts.hierarchies.some(({ controllers }) => controllers.includes('devices')))
    return context.skip('no version 1 device controller');
  await withCgroups(inputOf([], []), (made) => {
    const list = valueOf(made, 'devices', 'devices.list', '', '').split('\n');
    assert.deepEqual(list.toSorted(), [
      'c 136:* rwm',
      'c 1:3 rwm',
      'c 1:5 rwm',
      'c 1:7 rwm',
      'c 1:8 rwm',
      'c 1:9 rwm',
      'c 5:0 rwm',
      'c 5:1 rwm',
      'c 5:2 rwm',
    ]);
  });
});

test('a limit the kernel refuses names its line of the manifest', async () => {
  const input = inputOf([], [MEMORY]);
  const at = { file: 'pod.yaml', line: 12, col: 3 };
  const apps = [
    {
      name: 'web',
      writes: [
        { controller: 'memory', file: 'memory.swappiness_of_none', value: '1', at, why: 'ask for the impossible' },
      ],
    },
  ];
  const failing = withCgroups({ ...input, apps }, () => assert.fail('the tape came to its end'));
  await assert.rejects(
    failing,
    (error) => error instanceof TapeFault && error.op.at?.line === 12 && error.op.why?.startsWith('ask') === true,
  );
});

test('a write for a feature the kernel lacks may be optional', async () => {
  const input = inputOf([], []);
  const apps = [
    { name: 'web', writes: [{ controller: 'memory', file: 'memory.of_the_future', value: '1', optional: true }] },
  ];
  await withCgroups({ ...input, apps }, () => undefined);
});

test('processes are listed and counted by app, and a write to cgroup.kill ends them', async (context) => {
  if (!facts.hierarchies.some(({ version }) => version === 2)) return context.skip('no version 2 tree');
  await withCgroups(inputOf([], []), async (made) => {
    const child = await sleeper();
    moveIn(made, child.pid!);
    assert.deepEqual(listPids(facts, made.uuid, 'web'), [child.pid]);
    assert.deepEqual(listPids(facts, made.uuid), [child.pid]);
    const usage = readUsage(facts, made.uuid, 'web');
    assert.equal(usage.pids, 1);
    assert.equal(readUsage(facts, made.uuid).pidsLimit, 2048);
    assert.equal(usage.oomKills, 0);
    assert.ok((usage.memoryBytes ?? -1) >= 0 && usage.memoryLimitBytes === undefined && (usage.cpuUsec ?? -1) >= 0);
    const exit = once(child, 'exit');
    writeFileSync(made.player.fd(made.registers.killApp.get('web')!), '1');
    assert.deepEqual(await exit, [null, 'SIGKILL']);
  });
});

test('undo kills what is left and removes all, version 1 alone included', async () => {
  for (const versions of [[1, 2], [1]]) {
    const hierarchies = facts.hierarchies.filter(({ version }) => versions.includes(version));
    if (hierarchies.length === 0) continue;
    const input = { ...inputOf([], []), facts: { ...facts, hierarchies } };
    await withCgroups(input, async (made) => {
      const child = await sleeper();
      const exit = once(child, 'exit');
      moveIn(made, child.pid!);
      assert.deepEqual(undoCgroups(cgroupLedger(cgroupMounts(input), made.uuid)), []);
      assert.deepEqual(await exit, [null, 'SIGKILL']);
      assert.deepEqual(
        directories(made).filter((path) => existsSync(path)),
        [],
      );
    });
  }
});

test('undo touches nothing but the directories of pods', () => {
  assert.deepEqual(
    undoCgroups([
      { kind: 'cgroup', path: '/tmp' },
      { kind: 'cgroup', path: facts.hierarchies[0]?.mountPoint ?? '/sys/fs/cgroup' },
    ]),
    [],
  );
  assert.ok(existsSync('/tmp'));
});

test('usage of a pod that is gone is unknown', () => {
  const usage = readUsage(facts, randomUUID(), 'web');
  assert.ok(Object.values(usage).every((value) => value === undefined));
  assert.deepEqual(listPids(facts, randomUUID()), []);
});
