import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { pod as podCli, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { eventsOf, pathOf, processesOf, procStatus, shell, start, untilLogged } from './pods.ts';

const root = useTempRoot();
const LOG_BYTES = 10 * 1024 * 1024;
const LOG_FILES = 5;
const ENTRY = /^\S+Z std(out|err) ([FP] |G \d+ \d+$)/;

type StartedPod = Awaited<ReturnType<typeof start>>;

function logFiles(pod: StartedPod, app: string): string[] {
  const dir = `${pathOf(root, pod)}/logs`;
  return readdirSync(dir)
    .filter((name) => name.startsWith(`${app}.log`))
    .map((name) => `${dir}/${name}`);
}

/** Lines that are no entry of the log's format; the last of a file that does not end in a line feed is one. */
function tornIn(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const lines = readFileSync(path, 'latin1').split('\n');
    const last = lines.pop()!;
    return [...lines.filter((line) => !ENTRY.test(line)), ...(last === '' ? [] : [last])].map((line) =>
      line.slice(0, 99),
    );
  });
}

/** How long the process has run or been ready to, in seconds: the rest of the time it waited for something. */
function readyOf(pid: number): number {
  const [ran, waited] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ').map(Number);
  return (ran! + waited!) / 1e9;
}

/** User and system time so far, in seconds. */
function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** /proc/PID/io: what the process has handed to write(2). */
function writtenBy(pid: number): number {
  return Number(/^wchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))![1]);
}

const FLOODS = {
  'bytes without a newline': 'exec dd if=/dev/zero bs=64k',
  'short lines': 'exec yes',
  'long lines': `exec yes ${'x'.repeat(4000)}`,
};
for (const [what, script] of Object.entries(FLOODS)) {
  test(`${what} as fast as they can be written: neither the app nor the disk nor init suffers`, async () => {
    await using pod = await start(root, 'flood', shell('main', script));
    const { app, init } = processesOf(pod);
    const before = {
      cpu: cpuOf(init),
      app: cpuOf(app),
      written: writtenBy(app),
      log: writtenBy(init),
      ready: readyOf(app) + readyOf(init),
      at: performance.now(),
    };
    await delay(3000);
    const seconds = (performance.now() - before.at) / 1000;
    const written = writtenBy(app) - before.written;
    // Not blocked: while it waits for room init is at work, or waits for a processor itself, however many want one.
    const ready = readyOf(app) + readyOf(init) - before.ready;
    assert.ok(ready > 0.8 * seconds, `${ready} of ${seconds} s, ${written} bytes`);
    // Bounded in what it costs, whatever the app does: the log's quota a second, and the processor time of that and of reading.
    assert.ok((writtenBy(init) - before.log) / (seconds + 1) < 1.1 * LOG_BYTES * LOG_FILES);
    const [initCpu, appCpu] = [cpuOf(init) - before.cpu, cpuOf(app) - before.app];
    assert.ok(initCpu < 0.5 * seconds + 1.5 * appCpu, `init ${initCpu} s, app ${appCpu} s, ${written} bytes`);
    assert.ok(parseInt(procStatus(init, 'VmRSS'), 10) < 1024, procStatus(init, 'VmRSS'));
    await pod.stop({ graceMs: 0 });
    const files = logFiles(pod, 'main');
    assert.ok(files.length <= LOG_FILES);
    for (const path of files) assert.ok(statSync(path).size <= LOG_BYTES, path);
    assert.deepEqual(tornIn(files), []);
    const dropped = eventsOf(root, pod).filter((event) => event.e === 'log-dropped');
    // One to begin with, then at 1, 3, 7, 15 seconds, and the last word.
    const wholeSeconds = (dropped.at(-1)!.t - dropped[0]!.t) / 1000;
    assert.ok(dropped.length <= 2 + Math.log2(wholeSeconds + 1), `${dropped.length} notes in ${wholeSeconds} s`);
  });
}

/** init counts by the seconds of the monotonic clock, which is Node's. */
function secondNow(): bigint {
  return process.hrtime.bigint() / 1_000_000_000n;
}

/** A pod that has done so when it was told to and does the rest when it is stopped, and whether the first took less than a second. */
async function tryFlood(name: string, flood: string, rest: string): Promise<{ pod: StartedPod; isInOne: boolean }> {
  const steps = ["trap 'told=1' TERM", 'mkfifo /go /done', 'echo made', 'read -r go </go', flood, 'echo >/done'];
  // It may be told before it waits for that.
  const script = [...steps, 'while [ -z "$told" ]; do sleep 0.2 & wait $!; done', rest].join('\n');
  const pod = await start(root, name, shell('main', script));
  await untilLogged(root, pod, 'made');
  await delay(1000 - (Number(process.hrtime.bigint() / 1_000_000n) % 1000));
  const second = secondNow();
  await pod.exec(['/bin/sh', '-c', 'echo >/go; read -r done </done']);
  const isInOne = secondNow() === second;
  await pod.stop();
  assert.equal(await pod.exit, 0);
  return { pod, isInOne };
}

/** What a next second lets in may rotate away the place where it is told what is missing, or come after it. */
async function floodInOneSecond(name: string, flood: string, rest: string): Promise<StartedPod> {
  for (let tries = 0; tries < 30; tries++) {
    const { pod, isInOne } = await tryFlood(name, flood, rest);
    if (isInOne) return pod;
    await pod.remove();
  }
  return assert.fail('the machine takes more than a second for it each time');
}

/** More than a second's quota, and no more than it takes: a busy machine is to have done it in a second. */
const FLOOD_BYTES = LOG_BYTES * (LOG_FILES + 2);

test('what was dropped is counted to the byte, and shown by status and logs', async () => {
  const bytes = FLOOD_BYTES;
  await using pod = await floodInOneSecond('counted', `head -c ${bytes} /dev/zero; echo`, 'echo end >&2');
  const { logDropped } = pod.status()!.apps[0]!;
  assert.ok(logDropped.bytes > 0 && logDropped.bytes < bytes, JSON.stringify(logDropped));
  const status = await podOk(['status', 'counted'], { root });
  assert.match(status, new RegExp(`${logDropped.lines} lines \\(${logDropped.bytes} bytes\\) of the output of "main"`));
  const logs = await podCli(['logs', 'counted', '--tail', '1'], { root });
  assert.match(logs.stderr, new RegExp(`^note: .*\\(${logDropped.bytes} bytes\\)`, 'm'));
  const missing = pod.logs().flatMap(({ dropped }) => dropped ?? []);
  assert.equal(
    missing.reduce((sum, one) => sum + one.bytes, 0),
    logDropped.bytes,
    'each gap in its place',
  );
  assert.doesNotMatch((await podCli(['logs', '-q', 'counted', '--tail', '1'], { root })).stderr, /^note/m);
});

test('what follows a gap is not glued to the line before it', async () => {
  const flood = `printf begin; head -c ${FLOOD_BYTES} /dev/zero | tr "\\0" x; printf "\\n"`;
  await using pod = await floodInOneSecond('gap', flood, 'sleep 1.5; echo after');
  const last = readFileSync(`${pathOf(root, pod)}/logs/main.log`, 'latin1')
    .trimEnd()
    .split('\n')
    .slice(-3);
  const gap = / stdout G (\d+) (\d+)$/.exec(last[0]!) ?? / stdout G (\d+) (\d+)$/.exec(last[1]!);
  assert.ok(gap, last.join('\n').slice(0, 500));
  assert.match(last[2]!, / stdout F after$/);
  // In its place, with all that is missing there; what is missing elsewhere has places of its own.
  const all = pod.logs().flatMap(({ dropped }) => dropped ?? []);
  const { logDropped } = pod.status()!.apps[0]!;
  assert.ok(Number(gap[2]) <= logDropped.bytes && Number(gap[2]) > 0);
  assert.ok(all.reduce((sum, { bytes }) => sum + bytes, 0) <= logDropped.bytes);
  assert.match(
    await podOk(['logs', 'gap', '--tail', '3'], { root }),
    new RegExp(`^\\[${gap[1]} lines \\(${gap[2]} bytes\\) are missing here\\]$`, 'm'),
  );
});

test('init that is killed while it writes leaves whole lines only', async () => {
  for (let i = 0; i < 20; i++) {
    const pod = await start(root, `killed${i}`, shell('main', `exec yes ${'y'.repeat(3 + 97 * i)}`));
    const { init } = processesOf(pod);
    const log = `${pathOf(root, pod)}/logs/main.log`;
    while (statSync(log, { throwIfNoEntry: false })?.size === 0) await delay(1);
    await delay(5 + i);
    process.kill(init, 'SIGKILL');
    await pod.exit;
    assert.deepEqual(tornIn(logFiles(pod, 'main')), [], `round ${i}`);
    await pod.remove();
  }
});
