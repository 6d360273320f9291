import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCgroupFacts } from '../../../stages/stage0/cgroup/hierarchies.ts';
import { readUsage } from '../../../stages/stage0/cgroup/usage.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { restartPod } from '../../../stages/stage0/launch/control.ts';
import type { PodEvent } from '../../../stages/stage0/pod/events.ts';
import { readReadiness } from '../../../stages/stage0/pod/readiness.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { watchPod } from '../../../stages/stage0/pod/wait.ts';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { countProcesses, sh, untilReady } from './probes.ts';
import { eventsOf, pathOf, processesOf, procStatus, shell, start, untilLogged } from './pods.ts';

const root = useTempRoot();

const RUN_ON = 'echo up; exec sleep 1000';
const SOON = { initial: '20ms', cap: '80ms' };

type Kind = PodEvent['e'];

function seen(pod: Pod, kind: Kind): number {
  return eventsOf(root, pod).filter(({ e }) => e === kind).length;
}

async function until(pod: Pod, kind: Kind, count: number): Promise<void> {
  await watchPod(new PodStore(root), pod.uuid, () => seen(pod, kind) >= count, {});
}

test('on-failure starts an app again until it ends well, and the pod ends with it', async () => {
  const script = 'n=$(($(cat /n 2>/dev/null) + 1)); echo $n > /n; echo run $n; [ $n -ge 3 ] || exit 7';
  await using pod = await start(
    root,
    'thrice',
    shell('main', script, { restart: { policy: 'on-failure', backoff: SOON } }),
  );
  assert.equal(await pod.exit, 0);
  // The writable layer is kept, and so is the log.
  assert.deepEqual(
    pod.logs().map(({ text }) => text),
    ['run 1', 'run 2', 'run 3'],
  );
  const [app] = pod.status()!.apps;
  assert.deepEqual([app!.restarts, app!.exitCode, app!.reason], [2, 0, null]);
});

test('the pauses double up to the cap, and after maxRetries the app is given up', async () => {
  const restart = { policy: 'always', maxRetries: 5, backoff: { initial: '10ms', cap: '40ms' } };
  await using pod = await start(root, 'five', shell('main', 'exit 3', { restart }));
  assert.equal(await pod.exit, 3);
  const pauses = eventsOf(root, pod).flatMap((event) => (event.e === 'app-backoff' ? [event.ms] : []));
  assert.deepEqual(pauses, [10, 20, 40, 40, 40]);
  const [app] = pod.status()!.apps;
  assert.deepEqual([app!.state, app!.restarts, app!.exitCode, app!.reason], ['exited', 5, 3, 'gave-up']);
});

test('a healthy stretch makes the pause the first again', async () => {
  const restart = { policy: 'always', maxRetries: 3, backoff: { initial: '10ms', cap: '1m', reset: '100ms' } };
  await using pod = await start(root, 'healthy', shell('main', 'sleep 0.2; exit 1', { restart }));
  await until(pod, 'app-backoff', 5);
  const pauses = eventsOf(root, pod).flatMap((event) => (event.e === 'app-backoff' ? [event.ms] : []));
  assert.deepEqual(pauses.slice(0, 5), [10, 10, 10, 10, 10]);
});

test('in its pause an app is shown as waiting, refuses exec, and is started at once when asked', async () => {
  const restart = { policy: 'always', backoff: { initial: '1h', cap: '1h' } };
  const script = '[ -e /again ] && exec sleep 1000; touch /again; exit 9';
  await using pod = await start(root, 'pause', shell('main', script, { restart }), shell('other', RUN_ON));
  await until(pod, 'app-backoff', 1);
  const [app] = pod.status()!.apps;
  assert.deepEqual([app!.state, app!.reason, app!.lastExit?.exitCode, app!.pid], ['waiting', 'back-off', 9, null]);
  assert.ok(Date.parse(app!.nextStartAt!) > Date.now() + 3_000_000);
  await assert.rejects(pod.exec(['/bin/true'], { app: 'main' }));
  await restartPod(pathOf(root, pod), 'main');
  await until(pod, 'app-started', 3);
  assert.equal((await pod.exec(['/bin/echo', 'in'], { app: 'main' })).stdout, 'in\n');
});

test('a pod is stopped in the pause of its app', async () => {
  const restart = { policy: 'always', backoff: { initial: '1h', cap: '1h' } };
  await using pod = await start(root, 'stopped', shell('main', 'exit 9', { restart }));
  await until(pod, 'app-backoff', 1);
  assert.equal(await pod.stop(), 0);
  assert.equal(pod.status()!.apps[0]!.state, 'exited');
});

test('what an app left running does not run on in its pause, whether or not it is the only app', async () => {
  const restart = { policy: 'always', backoff: { initial: '1h', cap: '1h' } };
  await using pod = await start(root, 'left', shell('main', 'setsid sleep 1307 & sleep 0.1; exit 9', { restart }));
  await until(pod, 'app-backoff', 1);
  await eventually(async () => assert.equal(countProcesses('sleep 1307'), 0));
  assert.equal(pod.status()!.state, 'running');
});

test('the second process has the place of the first, and what that left running is gone', async () => {
  const script = '[ -e /again ] || { touch /again; setsid sleep 1000 & sleep 0.1; exit 1; }; echo up; exec sleep 1000';
  const restart = { policy: 'on-failure', backoff: SOON };
  const limits = { isolators: { 'resource/memory': { limit: '64Mi' } } };
  await using pod = await start(root, 'place', shell('main', script, { restart, ...limits }));
  await untilLogged(root, pod, 'up');
  const { app } = processesOf(pod);
  const cgroups = readFileSync(`/proc/${app}/cgroup`, 'utf8');
  assert.match(cgroups, /memory:.*main/);
  const ps = await pod.exec(['/bin/sh', '-c', 'cat /proc/[0-9]*/comm; cat /proc/self/cgroup; ls /dev; touch /x']);
  assert.equal(ps.exitCode, 0);
  assert.equal(ps.stdout.split('\n').filter((line) => line === 'sleep').length, 1);
  assert.match(ps.stdout, /^null$/m);
});

test('many restarts leave init as it was: its memory, its descriptors, its log', async () => {
  const restart = { policy: 'always', backoff: { initial: '1ms', cap: '1ms' } };
  const crash = shell('crash', 'echo x; exit 1', { restart });
  await using pod = await start(root, 'many', shell('main', RUN_ON), crash);
  await until(pod, 'app-started', 12);
  const { init } = processesOf(pod);
  const before = [procStatus(init, 'FDSize'), procStatus(init, 'VmSize')];
  const firstKb = Number.parseInt(procStatus(init, 'VmRSS'), 10);
  await until(pod, 'app-started', 150);
  assert.deepEqual([procStatus(init, 'FDSize'), procStatus(init, 'VmSize')], before);
  const lastKb = Number.parseInt(procStatus(init, 'VmRSS'), 10);
  assert.ok(lastKb <= firstKb + 16, `${firstKb} KB, then ${lastKb} KB`);
});

test('one app is restarted gracefully while the others run on, and it is no failure', async () => {
  const polite = "trap 'echo bye; exit 5' TERM; echo listening; while :; do sleep 0.01; done";
  const restart = { policy: 'on-failure', maxRetries: 0 };
  await using pod = await start(root, 'one', shell('main', polite, { restart }), shell('other', RUN_ON));
  await untilLogged(root, pod, 'listening');
  const otherPid = pod.status()!.apps[1]!.pid;
  for (const times of [1, 2]) {
    await restartPod(pathOf(root, pod), 'main');
    // Started is not yet listening to signals.
    await untilLogged(root, pod, 'listening', 1 + times);
  }
  assert.equal(pod.logs('main').filter(({ text }) => text === 'bye').length, 2);
  assert.equal(pod.status()!.apps[1]!.pid, otherPid);
  assert.equal(seen(pod, 'app-backoff') + seen(pod, 'app-given-up'), 0);
  // Whoever reads the journal sees that somebody asked for it.
  const turns = eventsOf(root, pod).flatMap((event) => ('app' in event && event.app === 'main' ? [event.e] : []));
  assert.deepEqual(turns.slice(0, 5), ['app-started', 'app-restarting', 'app-exited', 'app-waiting', 'app-started']);
});

test('all apps are restarted in the order of their dependencies', async () => {
  const after = (app: string, condition: string): Readonly<Record<string, unknown>> => ({
    after: [{ app, condition }],
  });
  const polite = "trap 'exit 0' TERM; echo up; while :; do sleep 0.01; done";
  await using pod = await start(
    root,
    'all',
    shell('ui', polite, after('db', 'started')),
    shell('db', polite, after('init', 'completed')),
    shell('init', 'true'),
  );
  await until(pod, 'app-started', 3);
  await untilLogged(root, pod, 'up');
  await restartPod(pathOf(root, pod), undefined);
  await until(pod, 'app-started', 6);
  const order = eventsOf(root, pod).flatMap((event) =>
    event.e === 'app-started' || event.e === 'app-exited' ? [`${event.app} ${event.e.slice(4)}`] : [],
  );
  const up = ['init started', 'init exited', 'db started', 'ui started'];
  assert.deepEqual(order, [...up, 'ui exited', 'db exited', ...up]);
});

test('an app whose dependencies are started anew before it waits, and has not ended for good', async () => {
  // Ready by itself the first time only.
  const hooks = { preStart: ['/bin/sh', '-c', 'if [ -e /once ]; then rm -f /go; else touch /once /go; fi'] };
  const db = shell('db', RUN_ON, { hooks, probes: { ready: sh('test -e /go') } });
  const job = shell('job', 'exit 0', { hooks: { preStart: ['/bin/sh', '-c', '[ ! -e /ran ] || sleep 1000; > /ran'] } });
  await using pod = await start(root, 'anew', db, job, {
    ...shell('web', RUN_ON),
    after: [{ app: 'db', condition: 'ready' }],
  });
  const go = (): Promise<unknown> => pod.exec(['/usr/bin/touch', '/go'], { app: 'db' });
  await until(pod, 'app-exited', 1);
  await restartPod(pathOf(root, pod), undefined, 0);
  await until(pod, 'app-started', 4);
  const states = (): readonly unknown[] => pod.status()!.apps.map(({ name, state, reason }) => [name, state, reason]);
  assert.deepEqual(states(), [
    ['db', 'running', null],
    ['job', 'waiting', null],
    ['web', 'waiting', null],
  ]);
  assert.equal(readReadiness(new PodStore(root), pod.uuid).never, undefined);
  await go();
  await untilReady(root, pod, 'web');
  await restartPod(pathOf(root, pod), undefined, 0);
  await until(pod, 'app-started', 6);
  await pod.stop({ graceMs: 0 });
  assert.deepEqual(
    pod.status()!.apps.map(({ state, signal }) => [state, signal]),
    [
      ['exited', 9],
      ['exited', 9],
      ['exited', 9],
    ],
  );
});

test('an app whose dependency fails is not started, and the status says why', async () => {
  const web = shell('web', RUN_ON, { after: [{ app: 'migrate', condition: 'completed' }] });
  const ui = shell('ui', RUN_ON, { after: [{ app: 'web', condition: 'ready' }] });
  await using pod = await start(root, 'unmet', ui, web, shell('migrate', 'exit 4'));
  assert.equal(await pod.exit, 4);
  assert.deepEqual(
    pod.status()!.apps.map(({ name, state, reason }) => [name, state, reason]),
    [
      ['ui', 'exited', 'dependency-failed'],
      ['web', 'exited', 'dependency-failed'],
      ['migrate', 'exited', null],
    ],
  );
});

test(
  'a crash loop costs less than a fiftieth of a core, all that watches over it included',
  { timeout: 60_000 },
  async () => {
    const restart = { policy: 'always' };
    await using pod = await start(root, 'loop', shell('main', RUN_ON), shell('crash', 'exit 1', { restart }));
    const { monitor } = processesOf(pod);
    const facts = readCgroupFacts();
    // Of init and the apps as their cgroup counts it, and of the monitor, which is in none of the pod's.
    const cpuMs = (): number => readUsage(facts, pod.uuid).cpuUsec! / 1000 + monitorMs();
    const monitorMs = (): number => Number(readFileSync(`/proc/${monitor}/schedstat`, 'latin1').split(' ')[0]) / 1e6;
    const [startMs, before] = [performance.now(), cpuMs()];
    // Pauses of 100 ms to 3.2 s: the costly part of the loop, which goes on with one start a minute.
    await until(pod, 'app-started', 8);
    const [wallMs, spentMs] = [performance.now() - startMs, cpuMs() - before];
    assert.ok(spentMs < wallMs * 0.02, `${spentMs} ms in ${wallMs} ms`);
  },
);
