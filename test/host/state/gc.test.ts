import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readCgroupFacts } from '../../../stages/stage0/cgroup/hierarchies.ts';
import { killPod } from '../../../stages/stage0/cli/control.ts';
import { nurseryDir } from '../../../stages/stage0/pod/layout.ts';
import { isLocked, lockDir } from '../../../stages/stage0/pod/lock.ts';
import { type PodDir, PodStore } from '../../../stages/stage0/pod/store.ts';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { manifest, STOPPABLE } from './manifests.ts';

const root = useTempRoot();
/** Longer than gc takes until it asks for the lock, and less than it waits for it. */
const HELD_MS = 300;
const GC_ALL = ['gc', '--grace', '0', '-o', 'json'];

interface Collected {
  readonly what: string;
  readonly id: string;
  readonly why: string;
}

async function gc(...args: readonly string[]): Promise<Collected[]> {
  return JSON.parse(await podOk(args.length > 0 ? args : GC_ALL, { root })) as Collected[];
}

function podCgroups(uuid: string): string[] {
  return readdirSync('/sys/fs/cgroup').filter((name) => existsSync(`/sys/fs/cgroup/${name}/pod-${uuid}`));
}

/** The monitor is the parent of the pod's init; both die at once, as in a power cut. */
function killPodProcesses(appPid: number): void {
  const parentOf = (pid: number): number =>
    Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
  const init = parentOf(appPid);
  process.kill(parentOf(init), 'SIGKILL');
  process.kill(init, 'SIGKILL');
}

test('a pod whose monitor and init were killed has exited; gc gives back what it held and keeps its logs', async () => {
  const uuid = await podOk(['run', '-d', manifest('killed', STOPPABLE)], { root });
  const { apps } = await statusOf(root, uuid);
  killPodProcesses(apps[0]!.pid!);
  // Not by `pod status`: whoever notices the death buries the pod.
  const path = new PodStore(root).locate(uuid)!.path;
  await eventually(() => Promise.resolve(assert.equal(isLocked(path), false)));
  assert.deepEqual(
    (await gc('gc', '-o', 'json')).filter(({ what }) => what === 'pod'),
    [{ what: 'pod', id: uuid, why: 'died' }],
  );
  assert.deepEqual(podCgroups(uuid), []);
  assert.equal(await podOk(['logs', 'killed'], { root }), 'ready');
  assert.deepEqual(
    (await gc()).map(({ id }) => id),
    [uuid],
  );
  assert.deepEqual(await gc(), []);
});

test('a directory that was made for a pod and never became one is garbage, unless its maker lives', async () => {
  const [dead, alive] = ['00000000-0000-4000-8000-0000000000aa', '00000000-0000-4000-8000-0000000000bb'];
  for (const uuid of [dead, alive]) mkdirSync(join(nurseryDir(root, uuid), uuid), { recursive: true });
  const lock = lockDir(join(nurseryDir(root, alive), alive));
  assert.deepEqual(await gc(), [{ what: 'pod', id: dead, why: 'its launch was interrupted' }]);
  closeSync(lock);
  assert.deepEqual(await gc(), [{ what: 'pod', id: alive, why: 'its launch was interrupted' }]);
});

test('a dry run removes nothing', async () => {
  const uuid = await podOk(['run', '-d', manifest('dry', 'true')], { root });
  await podOk(['wait', uuid], { root });
  assert.deepEqual(
    (await gc('gc', '--grace', '0', '--dry-run', '-o', 'json')).map(({ id }) => id),
    [uuid],
  );
  assert.equal((await statusOf(root, uuid)).state, 'exited');
  assert.deepEqual(
    (await gc()).map(({ id }) => id),
    [uuid],
  );
});

test('a pod that runs is never touched, nor removed without force', async () => {
  const uuid = await podOk(['run', '-d', manifest('busy', STOPPABLE)], { root });
  assert.deepEqual(await gc('gc', '--grace', '0', '--expire-prepared', '0', '-o', 'json'), []);
  const refused = await pod(['rm', 'busy'], { root });
  assert.deepEqual([refused.exitCode, /pod\/state/.test(refused.stderr)], [1, true]);
  assert.equal((await statusOf(root, uuid)).state, 'running');
  assert.equal(await podOk(['rm', '--force', 'busy'], { root }), uuid);
  assert.equal(new PodStore(root).locate(uuid), undefined);
});

test('a pod that is on its way to run can be killed: whoever wants that waits until it is there', async () => {
  const store = new PodStore(root);
  let wereSeen = 0;
  for (let i = 0; wereSeen < 3; i++) {
    assert.ok(i < 50, 'no launch was seen');
    const seen: { found?: PodDir | undefined; launched?: true } = {};
    const launch = podOk(['run', '-d', manifest(`early-${i}`, STOPPABLE)], { root })
      // Whether it runs before it is killed is decided by who is faster.
      .catch(() => undefined)
      .finally(() => (seen.launched = true));
    while (!seen.found && !seen.launched) {
      await new Promise(setImmediate);
      seen.found = store.list(['prepare'])[0];
    }
    if (seen.found) {
      wereSeen++;
      await killPod(store, seen.found);
      assert.notEqual(store.locate(seen.found.uuid)?.state, 'run');
    }
    await launch;
    for (const { uuid } of store.list()) await podOk(['rm', '--force', uuid], { root });
  }
});

test('a pod run with --rm in the background goes at the next gc, whatever the grace', async () => {
  const uuid = await podOk(['run', '-d', '--rm', manifest('auto', 'true')], { root });
  await podOk(['wait', uuid], { root });
  assert.deepEqual(
    (await gc('gc', '--grace', '1h', '-o', 'json')).map(({ id }) => id),
    [uuid],
  );
});

test('gc waits for the monitor of a pod that has just exited', async () => {
  await podOk(['run', manifest('just', 'true')], { root });
  const { uuid } = await statusOf(root, 'just');
  const monitor = lockDir(new PodStore(root).locate(uuid)!.path);
  const collected = gc();
  await delay(HELD_MS);
  closeSync(monitor);
  assert.ok((await collected).some(({ id }) => id === uuid));
});

test('claims of pods that are gone, and torn ones, are given back', async () => {
  mkdirSync(join(root, 'claims/ip4'), { recursive: true });
  writeFileSync(join(root, 'claims/ip4/10.0.0.1'), '00000000-0000-4000-8000-000000000000');
  writeFileSync(join(root, 'claims/ip4/10.0.0.2'), '');
  assert.deepEqual((await gc()).map(({ id }) => id).toSorted(), ['ip4/10.0.0.1', 'ip4/10.0.0.2']);
  assert.deepEqual(readdirSync(join(root, 'claims/ip4')), []);
});

test('an interrupted launch and an interrupted removal are finished', async () => {
  const [launch, removal] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'] as const;
  mkdirSync(join(root, 'pods/prepare', launch));
  mkdirSync(join(root, 'pods/garbage', removal, 'apps/.remove-0/x'), { recursive: true });
  assert.deepEqual((await gc()).map(({ id }) => id).toSorted(), [launch, removal]);
  assert.deepEqual(new PodStore(root).list(), []);
});

test('removal may be killed at any moment, and gc finishes it', async () => {
  for (let waitMs = 20; waitMs <= 110; waitMs += 10) {
    const uuid = await podOk(
      ['run', '-d', manifest('cut', 'mkdir -p /tmp/a/b/c; seq 1 100 | while read i; do : > /tmp/a/$i; done')],
      { root },
    );
    await podOk(['wait', uuid], { root });
    const child = spawn(process.execPath, commandLine(['rm', uuid], root), { env: cliEnvironment(), stdio: 'ignore' });
    const exit = once(child, 'exit');
    await delay(waitMs);
    child.kill('SIGKILL');
    await exit;
    await gc();
    assert.equal(new PodStore(root).locate(uuid), undefined);
    assert.deepEqual(podCgroups(uuid), []);
    assert.deepEqual(readdirSync(join(root, 'claims/name')), []);
  }
});

test('launches and collections at once do not harm each other', async () => {
  const runs = Array.from({ length: 6 }, (_, index) =>
    pod(['run', '--rm', manifest(`race-${index}`, 'echo ok')], { root }),
  );
  const collections = Array.from({ length: 4 }, () => pod(['gc', '--grace', '0'], { root }));
  for (const { exitCode, stdout, stderr } of await Promise.all(runs))
    assert.deepEqual([exitCode, stdout, stderr], [0, 'ok', '']);
  for (const { exitCode, stderr } of await Promise.all(collections)) assert.equal(exitCode, 0, stderr);
});

test('a file in the place of a directory keeps gc from nothing', async () => {
  const uuid = '00000000-0000-4000-8000-0000000000cc';
  const dead = join(nurseryDir(root, uuid), uuid);
  const strays = ['pods/nurseries/stray', `pods/exited/${uuid}`, 'snapshots/stray', 'claims/stray'];
  mkdirSync(join(root, 'snapshots'), { recursive: true });
  for (const stray of strays) writeFileSync(join(root, stray), '');
  // What no start of ours has made.
  mkdirSync(join(root, 'claims/ip4/directory'), { recursive: true });
  mkdirSync(join(nurseryDir(root, uuid), 'directory/x'), { recursive: true });
  mkdirSync(join(dead, 'x'), { recursive: true });
  try {
    assert.deepEqual(await gc(), [{ what: 'pod', id: uuid, why: 'its launch was interrupted' }]);
    assert.ok(!existsSync(dead));
  } finally {
    for (const stray of [...strays, 'claims/ip4/directory']) rmSync(join(root, stray), { recursive: true });
    rmSync(join(nurseryDir(root, uuid), 'directory'), { recursive: true });
  }
});

test('an old cgroup without a pod is removed with what is below it, unless a process is in there', async () => {
  const [tree] = readCgroupFacts().hierarchies;
  const path = `${tree!.mountPoint}/pod-00000000-0000-4000-8000-0000000000dd`;
  mkdirSync(`${path}/app-a/own`, { recursive: true });
  utimesSync(path, 0, 0);
  const inside = spawn('/bin/sleep', ['100'], { stdio: 'ignore' });
  writeFileSync(`${path}/app-a/own/cgroup.procs`, String(inside.pid));
  try {
    assert.deepEqual(await gc(), []);
  } finally {
    inside.kill('SIGKILL');
    await once(inside, 'exit');
  }
  assert.deepEqual(await gc(), [{ what: 'cgroup', id: path, why: 'it is empty and its pod is gone' }]);
  assert.ok(!existsSync(path));
});

test('on a root that became read-only, rm and gc say of the pod why it stays, and remove it later', async () => {
  const uuid = await podOk(['run', '-d', manifest('stays', 'true')], { root });
  await podOk(['wait', uuid], { root });
  const wrapper = [
    'unshare',
    '--mount',
    'sh',
    '-ec',
    `mount --bind ${root} ${root}; mount -o remount,ro,bind ${root}; exec "$0" "$@"`,
  ];
  for (const args of [['rm', uuid], GC_ALL]) {
    const { exitCode, stderr } = await pod(args, { root, wrapper });
    assert.deepEqual([exitCode, new RegExp(`rename.*${uuid}.*host/refused`).test(stderr)], [1, true], stderr);
    assert.doesNotMatch(stderr, /internal error|nothing to remove/);
  }
  await podOk(['rm', uuid], { root });
});
