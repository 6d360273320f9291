import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Pod } from '../../../stages/stage0/index.ts';
import { PodStore } from '../../../stages/stage0/pod/store.ts';
import { watchPod } from '../../../stages/stage0/pod/wait.ts';
import { pod as podCli } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { shellManifest } from '../run/shell-manifest.ts';
import { eventsOf, shell, start, untilLogged } from './pods.ts';
import { untilApp, untilReady } from './probes.ts';

const root = useTempRoot();

const sh = (script: string): readonly string[] => ['/bin/sh', '-c', script];
const linesOf = (pod: Pod): string[] => pod.logs('main').map(({ stream, text }) => `${stream} ${text}`);
const POLITE = "trap 'echo told; exit 0' TERM; echo up; while :; do sleep 0.01; done";

test('hooks run at their turns, as who they should, and speak in the log', async () => {
  const who = (name: string): readonly string[] => sh(`echo ${name} $(id -u)`);
  const hooks = { preStart: who('before'), preStop: who('stop'), postStop: who('after'), postStart: who('started') };
  const main = shell('main', `until [ -e /tmp/go ]; do sleep 0.01; done; ${POLITE}`, { user: 'nobody', hooks });
  await using pod = await start(root, 'turns', main);
  await untilLogged(root, pod, 'started');
  await pod.exec(sh('touch /tmp/go'));
  await untilLogged(root, pod, 'up');
  await pod.stop();
  assert.deepEqual(linesOf(pod), [
    'hook before 0',
    'hook started 65534',
    'stdout up',
    'hook stop 65534',
    'stdout told',
    'hook after 0',
  ]);
  assert.deepEqual(pod.status()!.apps[0]!.hookFailures, []);
});

test('a hook has the isolators of its app', async () => {
  const hooks = {
    preStart: sh('grep -E "^(CapEff|NoNewPrivs|Seccomp):" /proc/self/status; cat /proc/self/cgroup; touch /x'),
  };
  const isolators = {
    'os/linux/capabilities-retain-set': { set: ['CAP_CHOWN'] },
    'resource/memory': { limit: '64Mi' },
  };
  await using pod = await start(root, 'isolated', shell('main', 'true', { hooks, isolators, readOnlyRootFS: true }));
  await pod.exit;
  const said = linesOf(pod).join('\n');
  assert.match(said, /CapEff:\s*0000000000000001\b/);
  assert.match(said, /NoNewPrivs:\s*1/);
  assert.match(said, /Seccomp:\s*2/);
  assert.match(said, /Read-only file system/);
});

test('a hook before the start that fails prevents it, and the policy is that of a failure', async () => {
  const hooks = {
    preStart: sh('n=$(($(cat /n 2>/dev/null) + 1)); echo $n > /n; [ $n -ge 3 ] || exit 7'),
    postStop: sh('echo post'),
  };
  const restart = { policy: 'on-failure', backoff: { initial: '10ms' } };
  await using pod = await start(root, 'prevents', shell('main', 'echo runs', { hooks, restart }));
  assert.equal(await pod.exit, 0);
  assert.deepEqual(linesOf(pod), ['stdout runs', 'hook post']);
  assert.equal(eventsOf(root, pod).filter(({ e }) => e === 'app-backoff').length, 2);
});

test('a failed hook is told with its place, by run and by status', async () => {
  const script = { script: 'echo never', hooks: { preStart: sh('exit 3'), timeout: '5s' } };
  const run = await podCli(['run', '-'], { root, input: shellManifest('told', { main: script }) });
  assert.equal(run.exitCode, 3);
  assert.equal(run.stdout, '');
  const told = /^-:1:\d+: hook preStart of app "main": exited with 3$/m;
  assert.match(run.stderr, told);
  assert.match((await podCli(['status', 'told'], { root })).stdout, told);
});

test('hooks that fail after the start are reported, and change nothing', async () => {
  const hooks = { postStart: ['/no/such/file'], preStop: sh('exit 9'), postStop: sh('kill -9 $$') };
  await using pod = await start(root, 'reported', shell('main', POLITE, { hooks }));
  await untilLogged(root, pod, 'up');
  await watchPod(new PodStore(root), pod.uuid, () => eventsOf(root, pod).some(({ e }) => e === 'hook-failed'), {});
  assert.equal(await pod.stop(), 0);
  assert.deepEqual(
    pod.status()!.apps[0]!.hookFailures.map(({ hook, problem }) => [hook, problem]),
    [
      ['postStart', 'could not run: no such file or directory'],
      ['preStop', 'exited with 9'],
      ['postStop', 'was killed by signal 9'],
    ],
  );
});

test('a hook that takes too long is killed with its children, and the stop keeps to the grace period', async () => {
  const hooks = { preStop: sh('sleep 1000 & wait'), timeout: '10m' };
  const stubborn = "trap '' TERM; echo up; while :; do sleep 0.01; done";
  await using pod = await start(root, 'late', shell('main', stubborn, { hooks, stop: { grace: '300ms' } }));
  await untilLogged(root, pod, 'up');
  assert.equal(await pod.stop(), 137);
  const timeOf = (kind: string): number => eventsOf(root, pod).find(({ e }) => e === kind)!.t;
  const tookMs = timeOf('app-exited') - timeOf('stopping');
  assert.ok(tookMs >= 300 && tookMs < 1500, `${tookMs} ms`);
  assert.equal(pod.status()!.apps[0]!.hookFailures[0]!.problem, 'took longer than its time limit');
});

test('a pod is stopped while a hook before the start runs', async () => {
  const hooks = { preStart: sh('echo waits; sleep 1000') };
  // Without another app the start would not return.
  const started = start(root, 'early', shell('main', 'true', { hooks }));
  const store = new PodStore(root);
  const uuid = await firstRunning(store);
  const { stopPod } = await import('../../../stages/stage0/launch/control.ts');
  await stopPod(store.locate(uuid)!.path, { graceMs: 1000 });
  await using pod = await started;
  await pod.exit;
  assert.equal(pod.status()!.apps[0]!.state, 'exited');
});

/** A launch that waits for its hook has made its pod, but not returned it. */
async function firstRunning(store: PodStore): Promise<string> {
  for (;;) {
    const pod = store.list().find(({ state }) => state === 'run');
    if (pod) {
      const log = `${pod.path}/logs/main.log`;
      await watchPod(store, pod.uuid, () => existsSync(log) && readFileSync(log, 'utf8').includes('waits'), {});
      return pod.uuid;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('hooks and probes of one app: none asks before a start or during a stop, and one that fails makes the hooks turn', async () => {
  const note = (word: string, then = ''): readonly string[] => sh(`echo ${word} >>/order; ${then}`);
  const hooks = {
    preStart: note('before'),
    postStart: note('started'),
    preStop: note('stop', 'sleep 0.2'),
    postStop: note('after'),
  };
  const often = { period: '20ms', timeout: '5s', failures: 1 };
  const probes = {
    start: { exec: note('probe', '[ -e /up ]'), ...often, failures: 500 },
    ready: { exec: note('probe', '[ -e /well ]'), ...often },
    live: { exec: note('probe', '[ ! -e /sick ]'), ...often },
  };
  // Up when the hook after the start has spoken: a stop would end it before.
  const isTold = '[ $(grep -c started /order) -eq $(grep -c before /order) ]';
  const script = `trap 'exit 0' TERM; rm -f /sick /up; : >/well; sleep 0.2; until ${isTold}; do sleep 0.01; done; : >/up; while :; do sleep 0.01; done`;
  const restart = { policy: 'always', backoff: { initial: '10ms' } };
  await using pod = await start(root, 'both', shell('main', script, { hooks, probes, restart, stop: { grace: '5s' } }));
  await untilReady(root, pod, 'main');
  await pod.exec(sh(': >/sick'));
  const app = await untilApp(root, pod, 'main', ({ restarts, ready }) => restarts === 1 && ready);
  assert.match(app.lastExit?.failedProbe ?? '', /^live: exit code 1/);
  assert.deepEqual(app.hookFailures, []);
  const order = (await pod.exec(sh('cat /order'))).stdout.trimEnd().split('\n');
  const turns = order.filter((word) => word !== 'probe');
  assert.deepEqual(turns, ['before', 'started', 'stop', 'after', 'before', 'started']);
  assert.equal(order[0], 'before');
  const stop = order.indexOf('stop');
  assert.deepEqual(order.slice(stop, stop + 3), ['stop', 'after', 'before'], 'nobody is asked in between');
});
