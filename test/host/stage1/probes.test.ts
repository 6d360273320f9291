import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '../../../stages/stage0/index.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PORTS, SERVER } from './answers.ts';
import { eventsOf, processesOf, shell, start, untilLogged } from './pods.ts';
import { appOf, messageOf, QUICK, sh, untilApp, untilReady } from './probes.ts';

const root = useTempRoot();
const FOREVER = 'exec sleep 100000';

test('an app is ready while its probe passes, and says why it is not', async () => {
  const ready = sh('echo looked; test -e /ready');
  await using pod = await start(root, 'turns', shell('a', FOREVER, { probes: { ready } }));
  const before = await untilReady(root, pod, 'a', false);
  assert.equal(messageOf(before), 'exit code 1: looked');
  await pod.exec(['touch', '/ready']);
  assert.equal(messageOf(await untilReady(root, pod, 'a')), null);
  await pod.exec(['rm', '/ready']);
  await untilReady(root, pod, 'a', false);
  assert.equal(appOf(pod, 'a').restarts, 0);
});

test('so many in a row count, in both directions', async () => {
  // Fails every third time: never three in a row, never three successes either.
  const count = 'n=$(($(cat /n 2>/dev/null || echo 0) + 1)); echo $n > /n; ';
  const flapping = sh(`${count} [ $((n % 3)) -ne 0 ]`, { failures: 2, successes: 2 });
  const hopeless = sh(`${count} [ $((n % 3)) -ne 0 ]`, { successes: 3 });
  await using pod = await start(
    root,
    'rows',
    shell('a', FOREVER, { probes: { ready: flapping } }),
    shell('b', FOREVER, { probes: { ready: hopeless } }),
  );
  await untilReady(root, pod, 'a');
  while (Number((await pod.exec(['cat', '/n'], { app: 'b' })).stdout) < 12) await delay(50);
  assert.equal(appOf(pod, 'a').ready, true);
  assert.equal(appOf(pod, 'b').ready, false);
});

test('nothing else is asked before the start probe has passed', async () => {
  const probes = {
    start: sh('test -e /up', { failures: 1000 }),
    live: sh('test -e /up'),
    ready: sh('test -e /up'),
  };
  await using pod = await start(root, 'slow', shell('a', FOREVER, { probes }));
  await untilApp(root, pod, 'a', (app) => messageOf(app, 'start') === 'exit code 1');
  await pod.exec(['touch', '/up']);
  const app = await untilReady(root, pod, 'a');
  const passed = app.probes.map(({ probe, passed: isPassed }) => `${probe} ${isPassed}`);
  assert.deepEqual([passed[0], passed.includes('ready true'), app.restarts], ['start true', true, 0]);
});

test('without a ready probe an app is ready when its start probe has passed', async () => {
  const start_ = sh('test -e /up', { failures: 1000 });
  await using pod = await start(root, 'begun', shell('a', FOREVER, { probes: { start: start_ } }), shell('b', FOREVER));
  await untilApp(root, pod, 'a', (app) => app.probes.length > 0);
  assert.deepEqual([appOf(pod, 'a').ready, appOf(pod, 'b').ready], [false, true]);
  await pod.exec(['touch', '/up']);
  await untilReady(root, pod, 'a');
});

test('an app whose limit of processes is reached is still asked over the network', async () => {
  const isolators = { 'resource/pids': { limit: 1 } };
  const ready = { tcp: { port: PORTS.silent }, ...QUICK };
  const server = shell('server', `exec node -e "$SERVER"`, { env: { SERVER } });
  await using pod = await start(root, 'full', server, shell('a', FOREVER, { isolators, probes: { ready } }));
  await untilReady(root, pod, 'a');
});

const ANSWERS: Readonly<Record<keyof typeof PORTS, string | null>> = {
  silent: 'timed out after 400ms',
  closes: 'the connection was closed without an answer',
  drips: 'timed out after 400ms',
  floods: 'the answer is of another protocol',
  endless: null,
  ssh: 'the answer is of another protocol',
  unavailable: 'status 503',
  echoes: 'the answer is of another protocol',
  redirects: null,
  refuses: 'connection refused',
  half: 'the connection was closed before the end of the answer',
  hints: null,
  parts: null,
  early: 'status 503',
  switches: 'status 101',
  hinting: 'the answer is longer than 64 KB',
  digits: 'the answer is of another protocol',
  version: 'the answer is of another protocol',
  bare: null,
  encrypted: 'the server expects TLS',
};

test('every way not to answer is told as what it is, and bounds what is read', async () => {
  const server = shell('server', `exec node -e "$SERVER"`, { env: { SERVER } });
  const asked = Object.entries(PORTS).map(([name, port]) => {
    const ready = { http: { port }, period: '100ms', timeout: '400ms', failures: 1 };
    return shell(name, FOREVER, { probes: { ready } });
  });
  await using pod = await start(root, 'answers', server, ...asked);
  await untilLogged(root, pod, 'listening');
  for (const [name, message] of Object.entries(ANSWERS)) {
    await untilApp(root, pod, name, (app) => app.ready === (message === null) && messageOf(app) === message);
  }
  await untilLogged(root, pod, 'poured');
  const poured = pod.logs('server').flatMap(({ text }) => /^poured ([0-9]+)$/.exec(text)?.[1] ?? []);
  // What fits into two socket buffers, where there is a gigabyte to be had.
  assert.ok(
    poured.every((bytes) => Number(bytes) < 50_000_000),
    poured.join(' '),
  );
});

test('where nobody listens, a connection to itself is none', async () => {
  const port = 7020;
  const ready = { tcp: { port }, period: '20ms', failures: 1, initialDelay: '1s' };
  await using pod = await start(root, 'itself', shell('a', FOREVER, { probes: { ready } }));
  const range = `echo ${port} ${port} > /proc/sys/net/ipv4/ip_local_port_range`;
  execFileSync('nsenter', ['-t', String(processesOf(pod).init), '-n', 'sh', '-c', range]);
  const app = await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  assert.equal(messageOf(app), 'connection refused');
});

/** Of each kind of news, six are told at once and from then on one in ten seconds; of one of the two kinds there is but the first. */
function assertFewLines(pod: Pod): void {
  const startMs = eventsOf(root, pod).find(({ e }) => e === 'app-started')!.t;
  const lines = eventsOf(root, pod).filter(({ e }) => e === 'probe').length;
  const most = 7 + Math.floor((Date.now() - startMs) / 10_000);
  assert.ok(lines >= 2 && lines <= most, `${lines} lines, ${most} at most`);
}

test('a probe that changes its mind all the time writes a bounded number of lines, and the last is true', async () => {
  const flip = 'if [ -e /x ]; then rm /x; exit 1; else touch /x; fi';
  const ready = sh(`echo >> /tries; test -e /stop || { ${flip}; }`, { period: '20ms' });
  await using pod = await start(root, 'flaps', shell('a', FOREVER, { probes: { ready } }));
  while (Number((await pod.exec(['sh', '-c', 'wc -l < /tries'])).stdout) < 50) await delay(50);
  assertFewLines(pod);
  await pod.exec(['touch', '/stop']);
  await untilReady(root, pod, 'a');
});

test('a pass is told at once, however many reasons there were before', async () => {
  const ready = sh('echo >> /tries; test -e /go || exit $(($(wc -l < /tries) % 7 + 1))', { period: '20ms' });
  await using pod = await start(root, 'reasons', shell('a', FOREVER, { probes: { ready } }));
  while (Number((await pod.exec(['sh', '-c', 'wc -l < /tries || echo 0'])).stdout) < 30) await delay(50);
  assertFewLines(pod);
  await pod.exec(['touch', '/go']);
  const startMs = performance.now();
  await untilReady(root, pod, 'a');
  assert.ok(performance.now() - startMs < 3000);
});

test('tries leave no descriptor and no process behind', async () => {
  const probes = {
    start: sh('echo x; exit 0'),
    ready: { tcp: { port: 7021 }, ...QUICK, period: '10ms' },
    live: sh('echo >> /tries', { period: '10ms' }),
  };
  await using pod = await start(root, 'tidy', shell('a', FOREVER, { probes }));
  const { init } = processesOf(pod);
  await untilReady(root, pod, 'a', false);
  const before = readdirSync(`/proc/${init}/fd`).length;
  while (Number((await pod.exec(['sh', '-c', 'wc -l < /tries || echo 0'])).stdout) < 100) await delay(50);
  // One try of each probe may be out at either time.
  assert.ok(readdirSync(`/proc/${init}/fd`).length <= before + 4);
  const zombies = execFileSync('ps', ['--ppid', String(init), '-o', 'stat='], { encoding: 'utf8' });
  assert.ok((zombies.match(/Z/g) ?? []).length <= 1, zombies);
});

const RESTART = { policy: 'on-failure', backoff: { initial: '20ms', cap: '40ms' } };

test('an app that hangs is stopped in its own way and started again, and that counts as a failure', async () => {
  // Ends with 0 when it is asked to: what it is asked for is that it failed.
  const script = 'trap "echo asked; exit 0" TERM; echo up; while :; do sleep 0.05; done';
  // Enough for a shell that has nothing to do but to start, on a busy machine too.
  const live = sh('! test -e /hangs || sleep 100', { timeout: '2s' });
  await using pod = await start(root, 'hangs', shell('a', script, { probes: { live }, restart: RESTART }));
  await untilLogged(root, pod, 'up');
  await pod.exec(['touch', '/hangs']);
  const app = await untilApp(root, pod, 'a', ({ restarts }) => restarts > 0);
  assert.equal(app.lastExit?.failedProbe, 'live: timed out after 2s');
  assert.deepEqual([app.lastExit?.exitCode, app.lastExit?.signal], [0, null]);
  assert.ok(pod.logs('a').some(({ text }) => text === 'asked'));
  assert.ok(eventsOf(root, pod).some((event) => event.e === 'app-backoff' && event.failures >= 1));
  await pod.exec(['rm', '/hangs']);
});

test('an app that hangs and does not listen either is killed after its grace', async () => {
  const stop = { grace: '100ms' };
  const live = sh('test ! -e /hangs');
  const app = shell('a', `trap "" TERM; echo up; ${FOREVER}`, { probes: { live }, restart: RESTART, stop });
  await using pod = await start(root, 'deaf', app);
  await untilLogged(root, pod, 'up');
  await pod.exec(['touch', '/hangs']);
  const { lastExit } = await untilApp(root, pod, 'a', ({ restarts }) => restarts > 0);
  assert.deepEqual([lastExit?.signal, lastExit?.failedProbe], [9, 'live: exit code 1']);
});

test('an app whose start probe fails is given up after its retries, and was never ready', async () => {
  const restart = { ...RESTART, maxRetries: 2 };
  const probes = { start: sh('exit 4', { failures: 2 }), live: sh('exit 5') };
  await using pod = await start(root, 'stillborn', shell('a', FOREVER, { probes, restart }));
  await pod.exit;
  const app = appOf(pod, 'a');
  assert.deepEqual([app.reason, app.restarts, app.failedProbe], ['gave-up', 2, 'start: exit code 4']);
  const asked = eventsOf(root, pod).flatMap((event) => (event.e === 'probe' ? [event.probe] : []));
  assert.ok(asked.length > 0 && asked.every((probe) => probe === 'start'), asked.join(' '));
});

test('an app that is not restarted is let be when its live probe has ended it', async () => {
  await using pod = await start(root, 'once', shell('a', FOREVER, { probes: { live: sh('exit 1') } }));
  assert.equal(await pod.exit, 143);
  assert.deepEqual([appOf(pod, 'a').restarts, appOf(pod, 'a').failedProbe], [0, 'live: exit code 1']);
});

test('an app that waits for another to be ready starts when it is', async () => {
  const ready = sh('test -e /ready; code=$?; touch /asked; exit $code');
  const after = [{ app: 'db', condition: 'ready' }];
  const script = 'until [ -e /asked ]; do sleep 0.01; done; touch /ready; exec sleep 100000';
  const db = shell('db', script, { probes: { ready } });
  await using pod = await start(root, 'order', db, shell('web', FOREVER, { after }));
  const times = eventsOf(root, pod).flatMap((event) => {
    if (event.e === 'app-started') return [`${event.app} started`];
    return event.e === 'probe' ? [`${event.app} ${event.ready}`] : [];
  });
  assert.deepEqual(times, ['db started', 'db 0', 'db 1', 'web started']);
});

test('a stop is not held up by probes, and what is asked to stop is not found unhealthy', async () => {
  const live = sh('test ! -e /stopping', { period: '20ms' });
  const script = 'trap "touch /stopping; sleep 0.5; exit 0" TERM; echo up; while :; do sleep 0.05; done';
  await using pod = await start(root, 'leaves', shell('a', script, { probes: { live }, restart: RESTART }));
  await untilLogged(root, pod, 'up');
  await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  await pod.stop();
  const app = appOf(pod, 'a');
  assert.deepEqual([app.exitCode, app.restarts, app.failedProbe], [0, 0, null]);
});
