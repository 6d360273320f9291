import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readFinal } from '../../../stages/stage0/pod/events.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { test } from 'node:test';
import { cgroupMountPoints } from '../../../stages/stage0/pod/host-pids.ts';
import { eventually } from '../../harness/eventually.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { shellManifest, STUBBORN } from './shell-manifest.ts';

const root = useTempRoot();

interface Processes {
  readonly monitor: number;
  readonly init: number;
  readonly apps: readonly number[];
}

async function start(name: string, script = STUBBORN): Promise<{ uuid: string } & Processes> {
  const uuid = await podOk(['run', '-d', '-'], { root, input: shellManifest(name, { a: script, b: script }) });
  return { uuid, ...(await processesOf(uuid)) };
}

async function processesOf(pod: string): Promise<Processes> {
  const { apps } = await statusOf(root, pod);
  const pids = apps.map(({ pid }) => pid!);
  const init = parentOf(pids[0]!);
  return { monitor: parentOf(init), init, apps: pids };
}

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

/** Zombies are gone but for their number. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    // Not there, or ended while it was read.
    return false;
  }
}

async function untilGone(pids: readonly number[]): Promise<void> {
  await eventually(async () => assert.deepEqual(pids.filter(isAlive), []));
}

function whereIs(uuid: string): string[] {
  return new PodStore(root).list().flatMap((pod) => (pod.uuid === uuid ? [pod.state] : []));
}

function cgroupsOf(uuid: string): string[] {
  return cgroupMountPoints().flatMap((dir) => readdirSync(dir).filter((name) => name.includes(uuid)));
}

test('when init is killed none of its apps outlives it, and the pod is told of as killed', async () => {
  const { uuid, init, apps } = await start('headless');
  process.kill(init, 'SIGKILL');
  await untilGone([init]);
  assert.deepEqual(apps.filter(isAlive), []);
  await podOk(['wait', uuid, '--for', 'exit'], { root });
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, status.exitCode, status.death], ['exited', 137, 'init-killed']);
  assert.match(await podOk(['status', uuid], { root }), /its init was killed/);
  for (const { state, exitCode } of status.apps) assert.deepEqual([state, exitCode], ['exited', 137]);
  await podOk(['rm', uuid], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
});

test('when the monitor is killed the apps run on, and can be used and stopped', async () => {
  const { uuid, monitor, init, apps } = await start('orphan');
  process.kill(monitor, 'SIGKILL');
  await untilGone([monitor]);
  assert.equal(apps.every(isAlive), true);
  assert.equal((await statusOf(root, uuid)).state, 'running');
  assert.equal(await podOk(['exec', uuid, '--', '/bin/echo', 'here'], { root }), 'here');
  await podOk(['gc', '--grace', '0s'], { root });
  assert.equal(apps.every(isAlive), true);
  await podOk(['stop', '--grace', '0s', uuid], { root });
  assert.equal([init, ...apps].some(isAlive), false);
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, ...status.apps.map((app) => app.exitCode)], ['exited', 137, 137]);
  assert.deepEqual(whereIs(uuid), ['exited']);
  assert.deepEqual(cgroupsOf(uuid), []);
  await podOk(['rm', uuid], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
});

test('when both are killed nothing is left that gc does not remove', async () => {
  const { uuid, monitor, init, apps } = await start('both');
  process.kill(monitor, 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await untilGone([monitor, init, ...apps]);
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, status.exitCode, status.death], ['exited', null, 'supervisors-killed']);
  assert.equal((await pod(['exec', uuid, '--', '/bin/true'], { root })).exitCode, 125);
  await podOk(['gc', '--grace', '0s'], { root });
  assert.deepEqual(cgroupsOf(uuid), []);
  assert.equal((await pod(['status', uuid], { root })).exitCode, 1);
});

test('a pod whose init answers nobody is killed all the same', async () => {
  const { uuid, init, apps } = await start('deaf');
  process.kill(init, 'SIGSTOP');
  await podOk(['rm', '--force', uuid], { root });
  assert.equal([init, ...apps].some(isAlive), false);
  assert.deepEqual([whereIs(uuid), cgroupsOf(uuid)], [[], []]);
});

test('whoever asks an init that was stopped is told, however many did before, and it does all that when it goes on', async () => {
  const { uuid, init } = await start('stopped');
  process.kill(init, 'SIGSTOP');
  const name = 'stopped';
  const asked: readonly (readonly [readonly string[], number])[] = [
    [['stop', '--grace', '0s', name], 1],
    [['kill', '-s', 'TERM', name], 1],
    [['restart', name], 1],
    [['attach', name], 1],
  ];
  const told = new RegExp(`process ${init}: it was stopped by a signal[^]*kill -CONT ${init}`);
  try {
    for (const [args, code] of asked) {
      const { exitCode, stderr } = await pod([args[0]!, '--root', root, ...args.slice(1)]);
      assert.equal(exitCode, code, args[0]);
      assert.match(stderr, told, args[0]);
    }
    // Pipes would stay open: a command's streams are with init already, which is going to execute it.
    const file = `${root}/exec.out`;
    const wrapper = ['/bin/sh', '-c', 'exec "$@" >"$0" 2>&1 </dev/null', file];
    const { exitCode } = await pod(['exec', '--root', root, name, '--', '/bin/true'], { wrapper });
    assert.equal(exitCode, 125);
    assert.match(readFileSync(file, 'utf8'), told);
    // More than init lets wait at once.
    const many = await Promise.all(Array.from({ length: 20 }, () => pod(['kill', '-s', 'TERM', name], { root })));
    for (const { exitCode, stderr } of many) assert.deepEqual([exitCode, /it was stopped/.test(stderr)], [1, true]);
  } finally {
    process.kill(init, 'SIGCONT');
  }
  await podOk(['wait', uuid], { root });
  assert.deepEqual(
    (await statusOf(root, uuid)).apps.map(({ exitCode }) => exitCode),
    [137, 137],
  );
});

test('a command that was given up while init was stopped is never run', async () => {
  const { uuid, init } = await start('given-up');
  const name = 'given-up';
  process.kill(init, 'SIGSTOP');
  try {
    const wrapper = ['/bin/sh', '-c', 'exec "$@" >"$0" 2>&1 </dev/null', `${root}/given-up.out`];
    const { exitCode } = await pod(['exec', '--root', root, name, '--', '/bin/sh', '-c', 'echo ran >/tmp/ran'], {
      wrapper,
    });
    assert.equal(exitCode, 125);
  } finally {
    process.kill(init, 'SIGCONT');
  }
  // init takes requests in their order: by the second the first would have run.
  await podOk(['exec', name, '--', '/bin/true'], { root });
  const { exitCode, stdout } = await pod(['exec', name, '--', '/bin/ls', '/tmp'], { root });
  assert.deepEqual([exitCode, stdout.includes('ran')], [0, false]);
  await podOk(['rm', '--force', uuid], { root });
});

/** Writes on until it is told to end, then fails. */
const UNTIL_TOLD = "trap 'echo told; exit 3' TERM; echo up; while :; do sleep 1000 & wait $!; done";

test('the end of a pod without its monitor is recorded by init, and the first who looks puts it in order', async () => {
  const { uuid, monitor, apps } = await start('recorded', UNTIL_TOLD);
  process.kill(monitor, 'SIGKILL');
  await untilGone([monitor]);
  const waiting = pod(['wait', uuid], { root });
  for (const app of apps) process.kill(app, 'SIGTERM');
  assert.deepEqual([(await waiting).stdout, (await waiting).exitCode], ['3', 0]);
  assert.deepEqual([whereIs(uuid), cgroupsOf(uuid)], [['exited'], []]);
  const path = new PodStore(root).locate(uuid)!.path;
  assert.deepEqual([readFinal(path)?.code, readFinal(path)?.signal], [0, 0]);
  const status = await statusOf(root, uuid);
  assert.deepEqual([status.state, status.exitCode, status.death], ['exited', 3, null]);
  assert.equal((await podOk(['logs', uuid], { root })).match(/told/g)?.length, 2);
});

test('ps puts a pod in order that ended without its monitor', async () => {
  const { uuid, monitor, init, apps } = await start('listed', UNTIL_TOLD);
  process.kill(monitor, 'SIGKILL');
  await untilGone([monitor]);
  for (const app of apps) process.kill(app, 'SIGTERM');
  await untilGone([init]);
  assert.equal(await podOk(['ps', '-q', '-o', 'name'], { root }), '');
  assert.deepEqual([whereIs(uuid), cgroupsOf(uuid)], [['exited'], []]);
});

for (const [what, options, left] of [
  ['stays with the pod', [], ['exited']],
  ['with --rm removes it', ['--rm'], []],
] as const) {
  test(`a foreground run whose monitor is killed ${what} to the end of its apps`, async () => {
    const name = `front-${options.length}`;
    const run = new PodProcess(root, ['run', ...options, '-'], shellManifest(name, { a: UNTIL_TOLD }));
    await run.says('up');
    const { uuid } = await statusOf(root, name);
    const { monitor, apps } = await processesOf(uuid);
    process.kill(monitor, 'SIGKILL');
    await untilGone([monitor]);
    assert.equal(await podOk(['exec', uuid, '--', '/bin/echo', 'here'], { root }), 'here');
    process.kill(apps[0]!, 'SIGTERM');
    assert.equal(await run.ended(), 3);
    assert.match(run.output, /told/);
    assert.deepEqual([whereIs(uuid), cgroupsOf(uuid)], [left, []]);
  });
}
