import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { startHoldingPod } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { UPDATE_CHECKS } from '../../v2/checks/update.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();

// The same that are played on a host with version 2 alone.
for (const { name, run } of UPDATE_CHECKS) test(name, () => run(root));

const skipCpuset =
  !facts.hierarchies.some(({ controllers }) => controllers.includes('cpuset')) && 'no cpuset controller';

test('a pod and its app move to another processor together', { skip: skipCpuset }, async () => {
  const isolators = { 'resource/cpuset': { cpus: '0' } };
  await startHoldingPod(root, { name: 'moved', app: { isolators }, pod: { network: { mode: 'none' }, isolators } });
  const settings = ['pod/resource/cpuset.cpus=1', 'app/probe/resource/cpuset.cpus=1'];
  await podOk(['update', 'moved', ...settings.flatMap((each) => ['--set', each])], { root });
  const allowed = await podOk(['exec', 'moved', '--', '/bin/grep', 'Cpus_allowed_list', '/proc/self/status'], { root });
  assert.match(allowed, /\t1$/);
  const gone = await pod(['update', 'moved', '--set', 'app/probe/resource/cpuset=null'], { root });
  assert.equal(gone.exitCode, facts.mode === 'v2' ? 0 : 1);
  await podOk(['rm', '--force', 'moved'], { root });
});

test('the verb says what each value was, everything that is wrong at once, and that a pod does not run', async () => {
  const isolators = { 'resource/memory': { limit: '64Mi' } };
  await startHoldingPod(root, { name: 'told', app: { isolators }, pod: { network: { mode: 'none' } } });
  const set = (...values: string[]): ReturnType<typeof pod> =>
    pod(['update', 'told', ...values.flatMap((value) => ['--set', value])], { root });
  const done = await set('app/probe/resource/memory.limit=48Mi', 'app/probe/resource/memory.request=null');
  assert.equal(
    done.stdout,
    'app/probe/resource/memory.limit: 64Mi → 48Mi\napp/probe/resource/memory.request: default → default',
  );
  assert.match(await podOk(['cat-manifest', 'told'], { root }), /"limit":"48Mi"/);
  const wrong = await set('pod/resource/nothing.x=1', 'app/probe/os/linux/umask=0027');
  assert.equal(wrong.exitCode, 1);
  assert.match(wrong.stderr, /\[manifest\/unknown-field\][^]*\[pod\/fixed\]/);
  const slips = await set(
    'nope',
    'app/probe/resource/memory.limit=1Gi',
    'app/probe/resource/memory.limit=2Gi',
    'x/y=1',
  );
  assert.equal(slips.exitCode, 2);
  assert.equal(slips.stderr.match(/\[cli\/usage\]/g)?.length, 3, slips.stderr);
  const mixed = await set('nope', 'app/ghost/resource/memory.limit=1Gi');
  assert.equal(mixed.exitCode, 1);
  assert.match(mixed.stderr, /\[cli\/usage\][^]*\[pod\/app-not-found\]/);
  // One of each kind: how it is written, its key, the schema, a member of what has none, and the other values.
  const all = await set(
    'nope',
    'app/probe/os/linux/umask=0027',
    'app/probe/resource/memory.swap=much',
    'app/probe/resource/memory.limit.x=1',
    'app/probe/resource/pids.limit=500',
    'pod/resource/pids.limit=50',
  );
  assert.equal(all.exitCode, 1);
  for (const what of [
    'nope',
    '/os/linux/umask"',
    'resource/memory.swap"',
    'resource/memory.limit.x"',
    '/resource/pids',
  ])
    assert.equal(all.stderr.split(what).length, 2, `${what}: ${all.stderr}`);
  assert.equal(all.stderr.match(/^error/gm)?.length, 5, all.stderr);
  assert.match(await podOk(['cat-manifest', 'told'], { root }), /"limit":"48Mi"/);
  await podOk(['stop', 'told'], { root });
  assert.match((await set('app/probe/resource/memory.limit=32Mi')).stderr, /\[pod\/state\]/);
  await podOk(['rm', 'told'], { root });
});

test('a value of an isolator that cannot be applied any more is refused, others are not', async () => {
  const disk = join(root, 'disk');
  mkdirSync(disk);
  const isolators = { 'resource/block-iops': { disks: [{ path: disk, limit: 1000 }] }, 'resource/pids': { limit: 50 } };
  await startHoldingPod(root, { name: 'lost', app: { isolators }, pod: { network: { mode: 'none' } } });
  rmdirSync(disk);
  const set = (value: string): ReturnType<typeof pod> => pod(['update', 'lost', '--set', value], { root });
  const lost = await set('app/probe/resource/block-iops.disks.0.limit=500');
  assert.equal(lost.exitCode, 1);
  assert.match(lost.stderr, /block-iops.*no such path on the host/);
  assert.equal((await set('app/probe/resource/pids.limit=60')).exitCode, 0);
  await podOk(['rm', '--force', 'lost'], { root });
});
