import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { eventsOf, shell, start } from './pods.ts';
import { appOf, countProcesses, messageOf, QUICK, sh, untilApp } from './probes.ts';

const root = useTempRoot();
const FOREVER = 'exec sleep 100000';

test('a command that takes too long is killed with what it started', async () => {
  const marker = `sleep 98765.${process.pid}`;
  const ready = sh(`echo begun; ${marker} & ${marker}`, { timeout: '2s', period: '1h' });
  await using pod = await start(root, 'late', shell('a', FOREVER, { probes: { ready } }));
  const app = await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  assert.equal(messageOf(app), 'timed out after 2s: begun');
  while (countProcesses(marker) > 0) await delay(20);
});

test('what a command leaves behind in its process group ends with it', async () => {
  const marker = `sleep 87654.${process.pid}`;
  const ready = sh(`${marker} & echo >> /tries`);
  await using pod = await start(root, 'litter', shell('a', FOREVER, { probes: { ready } }));
  while (Number((await pod.exec(['sh', '-c', 'wc -l < /tries || echo 0'])).stdout) < 10) await delay(50);
  // One try may be out, and what was killed a moment ago still be on its way. What is left behind would become more and more.
  await eventually(async () => assert.ok(countProcesses(marker) <= 2, `${countProcesses(marker)} processes`));
  assert.equal(appOf(pod, 'a').ready, true);
});

test('a command that writes without end neither waits nor fills anything', async () => {
  const ready = sh('head -c 30000000 /dev/zero | tr "\\0" x; exit 3', { period: '1h', timeout: '20s' });
  await using pod = await start(root, 'loud', shell('a', FOREVER, { probes: { ready } }));
  const app = await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  assert.equal(messageOf(app), `exit code 3: ${'x'.repeat(1024)}`);
});

test('what a command writes is a string of the journal, whatever it is', async () => {
  const ready = sh("printf '\"\\\\\\n\\033[31m\\177\\0'; exit 1", { period: '1h' });
  await using pod = await start(root, 'odd', shell('a', FOREVER, { probes: { ready } }));
  await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  const event = eventsOf(root, pod).find(({ e }) => e === 'probe');
  assert.ok(event?.e === 'probe');
  assert.equal(event.text, '"\\\n\x1b[31m\x7f\0');
});

test('a command that is not there is told as such', async () => {
  const ready = { exec: ['/no/such/program'], ...QUICK };
  await using pod = await start(root, 'missing', shell('a', FOREVER, { probes: { ready } }));
  const app = await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  assert.equal(messageOf(app), 'no such file or directory');
});

test('a command runs under the isolators of its app', async () => {
  const ready = sh('grep -E "NoNewPrivs|CapBnd|Seccomp:" /proc/self/status; id -u; exit 1', { period: '1h' });
  const own = ['/bin/sh', '-c', 'grep -E "NoNewPrivs|CapBnd|Seccomp:" /proc/self/status; id -u'];
  const app = shell('a', FOREVER, { user: '65534', probes: { ready } });
  await using pod = await start(root, 'bound', app);
  const found = await untilApp(root, pod, 'a', ({ probes }) => probes.length > 0);
  const { stdout } = await pod.exec(own);
  assert.match(stdout, /NoNewPrivs:\s1\n[^]*65534\n$/);
  assert.equal(messageOf(found), `exit code 1: ${stdout.trim()}`);
});

const FREEZER = '/sys/fs/cgroup/freezer';
const noFreezer = existsSync(FREEZER) ? false : 'no freezer of cgroup version 1, which is what a SIGKILL waits for';

test(
  'a command that the kernel does not end is no reason not to find an app unhealthy',
  { skip: noFreezer },
  async () => {
    const marker = `sleep 76543.${process.pid}`;
    const live = sh(`exec ${marker}`, { timeout: '1s', period: '100ms', failures: 3 });
    await using pod = await start(root, 'stuck', shell('a', FOREVER, { probes: { live } }));
    const cgroup = `${FREEZER}/pod-probes-${process.pid}`;
    mkdirSync(cgroup);
    try {
      writeFileSync(`${cgroup}/freezer.state`, 'FROZEN');
      // Between two tries there is none.
      await eventually(async () => {
        const pids = execFileSync('pgrep', ['-xf', marker], { encoding: 'utf8' });
        writeFileSync(`${cgroup}/tasks`, pids.trim());
      });
      const { failedProbe } = await untilApp(root, pod, 'a', (app) => app.failedProbe !== null);
      assert.equal(failedProbe, 'live: timed out after 1s');
      assert.equal(countProcesses(marker), 1);
    } finally {
      writeFileSync(`${cgroup}/freezer.state`, 'THAWED');
      while (countProcesses(marker) > 0) await delay(20);
      rmdirSync(cgroup);
    }
  },
);
