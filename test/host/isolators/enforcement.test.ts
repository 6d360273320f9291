import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CgroupPlanInput } from '../../../stages/stage0/cgroup/plan.ts';
import { readUsage } from '../../../stages/stage0/cgroup/usage.ts';
import { spec } from '../../unit/stage0/isolators/host.ts';
import { facts, inputOf, type Made, withCgroups } from './with-cgroups.ts';

/** Runs a shell command in the app's cgroups; it joins by the descriptors that a launch would hand it. */
function runInside({ player, registers, input, uuid }: Made, command: string): SpawnSyncReturns<string> {
  const tasks = [...registers.joinInit, ...registers.joinApp.get('web')!].map((reg) => player.fd(reg));
  const joins = tasks.map((_, index) => `echo 0 >&${index + 3}`);
  const unified = input.facts.hierarchies.find(({ version }) => version === 2);
  if (unified) joins.push(`echo 0 > ${unified.mountPoint}/pod-${uuid}/app-web/cgroup.procs`);
  return spawnSync('/bin/bash', ['-c', [...joins, command].join(' && ')], {
    stdio: ['ignore', 'pipe', 'pipe', ...tasks],
    encoding: 'utf8',
  });
}

/** The same pod on a host that has a version 2 tree only. */
function unifiedOnly(input: CgroupPlanInput): CgroupPlanInput {
  return { ...input, facts: { mode: 'v2', hierarchies: facts.hierarchies.filter(({ version }) => version === 2) } };
}

test('an app over its memory limit is ended, and the OOM register tells', async () => {
  await withCgroups(inputOf([], [spec('resource/memory', { limit: '16Mi' })]), (made) => {
    const oom = made.player.fd(made.registers.oomApp.get('web')!);
    assert.match(readFileSync(`/proc/self/fd/${oom}`, 'utf8'), /^oom_kill 0$/m);
    assert.equal(runInside(made, 'exec tail /dev/zero').signal, 'SIGKILL');
    assert.match(readFileSync(`/proc/self/fd/${oom}`, 'utf8'), /^oom_kill 1$/m);
    assert.equal(readUsage(facts, made.uuid, 'web').oomKills, 1);
  });
});

test("an app is ended by the pod's memory limit too", async () => {
  await withCgroups(inputOf([spec('resource/memory', { limit: '16Mi' })], []), (made) => {
    assert.equal(runInside(made, 'exec tail /dev/zero').signal, 'SIGKILL');
  });
});

test('an app cannot have more processes than its limit', async () => {
  await withCgroups(inputOf([], [spec('resource/pids', { limit: 3 })]), (made) => {
    // None of them ends before the last one was to begin; they go with the cgroup.
    const { stderr } = runInside(made, 'exec sh -c "for i in 1 2 3 4 5; do sleep 1000 >/dev/null 2>&1 & done"');
    assert.match(stderr, /Cannot fork|Resource temporarily unavailable/);
  });
});

test('a busy app gets no more processor than its limit', async () => {
  await withCgroups(inputOf([], [spec('resource/cpu', { limit: '100m' })]), (made) => {
    // Under the limit the shells themselves start slowly: what counts is the time that it took, not the half second.
    const began = performance.now();
    runInside(made, 'timeout 0.5 sh -c "while :; do :; done"');
    const elapsedUsec = (performance.now() - began) * 1000;
    const { cpuUsec } = readUsage(facts, made.uuid, 'web');
    // A tenth, the first period's share, and ticks of 10 ms by which a guest's kernel notices too late.
    const most = elapsedUsec / 10 + 40_000;
    assert.ok(cpuUsec !== undefined && cpuUsec < most, `${cpuUsec} µs of processor in ${elapsedUsec} µs`);
  });
});

const DEVICES = ['/dev/null', '/dev/zero', '/dev/urandom', '/dev/kmsg'];
const OPEN_DEVICES = DEVICES.map((path) => `if : < ${path}; then echo yes; else echo no; fi`).join('; ');

function checkDevices(made: Made): void {
  const node = join(tmpdir(), `pod-isolators-node-${made.uuid}`);
  try {
    const { stdout } = runInside(
      made,
      `${OPEN_DEVICES}; mknod ${node} b 8 0 || echo refused; mknod ${node} c 1 3 && echo made`,
    );
    assert.deepEqual(stdout.split('\n'), ['yes', 'yes', 'yes', 'no', 'refused', 'made', '']);
  } finally {
    rmSync(node, { force: true });
  }
}

test('devices outside the policy can be neither opened nor made', async () => {
  await withCgroups(inputOf([], []), checkDevices);
});

test('the same on version 2, by a program', async (context) => {
  if (!facts.hierarchies.some(({ version }) => version === 2)) return context.skip('no version 2 tree');
  await withCgroups(unifiedOnly({ ...inputOf([], []), pod: [], apps: [{ name: 'web', writes: [] }] }), checkDevices);
});

const KMSG = { type: 'char', major: 1, minor: 11, access: 'r' } as const;
const OPEN_KMSG = 'if : < /dev/kmsg; then echo yes; else echo no; fi';

test('an app may use its own device and no other app may, on both versions', async () => {
  for (const [owner, expected] of [
    ['web', 'yes\n'],
    ['other', 'no\n'],
  ] as const) {
    const devices = { pod: [], apps: new Map([[owner, [KMSG]]]) };
    const input = { ...inputOf([], []), devices };
    await withCgroups(input, (made) => assert.equal(runInside(made, OPEN_KMSG).stdout, expected));
    if (!facts.hierarchies.some(({ version }) => version === 2)) continue;
    const unified = unifiedOnly({ ...input, pod: [], apps: [{ name: 'web', writes: [] }] });
    await withCgroups(unified, (made) => assert.equal(runInside(made, OPEN_KMSG).stdout, expected));
  }
});
