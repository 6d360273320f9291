import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fd } from '../../../stages/linux/fd.ts';
import { connectIn } from '../../../stages/linux/socket.ts';
import { type PodEvent, readEvents } from '../../../stages/stage0/pod/events.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { eventually } from '../../harness/eventually.ts';
import { checkPausedLimits } from '../../harness/paused-limits.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

/** The connections that init serves, and those that wait until it does. */
const SESSIONS = 64;
const BACKLOG = 16;

async function startPaused(name: string): Promise<void> {
  await podOk(['run', '-d', '-'], { root, input: shellManifest(name, { a: 'while :; do :; done', b: POLITE }) });
  await podOk(['pause', name], { root });
  assert.equal((await statusOf(root, name)).state, 'paused');
}

function cpuTicks(pid: number): number {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).map(Number);
  return utime! + stime!;
}

test('a paused pod uses no processor, says so, refuses what would wait for it, and goes on when it is resumed', async () => {
  await startPaused('still');
  const { pid } = (await statusOf(root, 'still')).apps[0]!;
  const before = cpuTicks(pid!);
  await podOk(['pause', 'still'], { root });
  for (const args of [
    ['exec', 'still', '--', '/bin/true'],
    ['kill', '-s', 'USR1', 'still'],
  ]) {
    const { exitCode, stderr } = await pod(args, { root });
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /the pod is paused[^]*pod resume/);
  }
  assert.equal(cpuTicks(pid!), before);
  assert.match(await podOk(['ps'], { root }), /still +paused/);
  await podOk(['resume', 'still'], { root });
  await podOk(['resume', 'still'], { root });
  await podOk(['exec', 'still', '--', '/bin/true'], { root });
  assert.equal((await statusOf(root, 'still')).state, 'running');
  assert.match(await podOk(['events', 'still'], { root }), /pod-paused\n[^]*pod-resumed$/);
  await podOk(['rm', '--force', 'still'], { root });
});

test('however many clients init has, or wait for it, it learns how long the pod was paused', async () => {
  const backoffMs = 2000;
  const restart = { policy: 'on-failure', backoff: { initial: `${backoffMs}ms` } };
  const input = shellManifest('busy', { crash: { script: 'exit 1', restart }, other: 'sleep 1000' });
  for (const clients of ['has', 'wait'] as const) {
    await podOk(['run', '-d', '-'], { root, input });
    try {
      const { path } = new PodStore(root).find('busy');
      const at = (e: string): number | undefined => readEvents(path).find((event) => event.e === e)?.t;
      const again = (): PodEvent | undefined => readEvents(path).filter(({ e }) => e === 'app-started')[2];
      await eventually(async () => assert.ok(at('app-backoff')));
      const connect = (count: number): Fd[] => Array.from({ length: count }, () => connectIn(path, 'control', 1000));
      const connections = clients === 'has' ? connect(SESSIONS) : [];
      await podOk(['pause', 'busy'], { root });
      if (clients === 'wait') connections.push(...connect(BACKLOG));
      await delay(backoffMs + 200);
      await podOk(['resume', 'busy'], { root });
      await eventually(async () => assert.ok(again()));
      const waitedMs = again()!.t - at('app-backoff')! - (at('pod-resumed')! - at('pod-paused')!);
      // The journal is told of a pause when it has begun, and of its end when it is over, by who may have waited for a processor.
      assert.ok(waitedMs >= backoffMs - 500, `${clients}: ${waitedMs} ms`);
      for (const connection of connections) connection[Symbol.dispose]();
    } finally {
      await podOk(['rm', '--force', 'busy'], { root });
    }
  }
});

test('a paused pod can be stopped, killed, and removed by force', async () => {
  await startPaused('stopped');
  await podOk(['stop', '--grace', '100ms', 'stopped'], { root });
  await startPaused('killed');
  const end = new PodProcess(root, ['wait', 'killed']);
  await podOk(['kill', 'killed'], { root });
  assert.equal(await end.ended(), 0);
  await startPaused('removed');
  const refused = await pod(['rm', 'removed'], { root });
  assert.match(refused.stderr, /it is paused \[pod\/state\]\n {2}hint: pod stop it first, or use pod rm --force/);
  await podOk(['rm', '--force', 'removed'], { root });
  await podOk(['rm', 'stopped', 'killed'], { root });
  assert.equal(await podOk(['ps', '-a', '-o', 'name'], { root }), '');
});

test('^C stops a paused pod in the foreground', async () => {
  const run = new PodProcess(root, ['run', '-'], shellManifest('front', { a: POLITE }));
  await run.says('up');
  await podOk(['pause', 'front'], { root });
  run.signal('SIGINT');
  await run.says('stops');
  assert.equal(await run.ended(), 0);
});

test('a paused pod whose monitor and init were killed can be removed', async () => {
  await startPaused('orphan');
  const { pid } = (await statusOf(root, 'orphan')).apps[0]!;
  const init = parentOf(pid!);
  const monitor = parentOf(init);
  process.kill(monitor, 'SIGKILL');
  process.kill(init, 'SIGKILL');
  await podOk(['rm', '--force', 'orphan'], { root });
});

function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}

test('the time limit of a probe does not run while the pod is paused', async () => {
  // It is paused in the middle of an answer, for longer than the limit.
  const command = 'touch /dev/shm/asked; sleep 0.6';
  const live = { exec: ['/bin/sh', '-c', command], period: '100ms', timeout: '1500ms', failures: 1 };
  const input = shellManifest('probed', { a: { script: POLITE, probes: { live } } });
  await podOk(['run', '-d', '-'], { root, input });
  const wait = 'until [ -e /dev/shm/asked ]; do sleep 0.01; done; rm /dev/shm/asked';
  for (let i = 0; i < 3; i++) {
    await podOk(['exec', 'probed', '--', '/bin/sh', '-c', wait], { root });
    await podOk(['pause', 'probed'], { root });
    await delay(1700);
    await podOk(['resume', 'probed'], { root });
  }
  await podOk(['exec', 'probed', '--', '/bin/sh', '-c', wait], { root });
  const [app] = (await statusOf(root, 'probed')).apps;
  assert.equal(app!.state, 'running');
  assert.doesNotMatch(await podOk(['events', 'probed'], { root }), /timed out|unhealthy/);
  await podOk(['rm', '--force', 'probed'], { root });
});

test('no time limit runs while a pod is paused: of a restart, a probe, a hook, a stop', { timeout: 120_000 }, () =>
  checkPausedLimits(root, 2500),
);
