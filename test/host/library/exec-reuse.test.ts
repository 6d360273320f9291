import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type ExecResult, type Pod, PodError, run } from '../../../stages/stage0/index.ts';
import { Executor } from '../../../stages/stage0/launch/executor.ts';
import { TOP } from '../../harness/paths.ts';
import { cliEnvironment, podOk } from '../../harness/pod-cli.ts';
import { eventually } from '../../harness/eventually.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const AT_ONCE = 40;
/** The size of the buffer that output is read into. */
const CHUNK = 64 * 1024;

function start(name: string, app: object = {}): Promise<Pod> {
  const main = { name: 'main', image: 'host', exec: ['/bin/sleep', '1000'], stop: { signal: 'SIGKILL' } };
  const other = { ...main, name: 'other' };
  const head = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'none' } };
  return run({ ...head, apps: [{ ...main, ...app }, other] }, { root });
}

function sh(pod: Pod, script: string, app?: string): Promise<ExecResult> {
  return pod.exec(['/bin/sh', '-c', script], app === undefined ? {} : { app });
}

function said(stdout: string, exitCode = 0): ExecResult {
  return { exitCode, stdout, stderr: '' };
}

test('many commands one after another each have their own output and code', async () => {
  await using pod = await start('sequence');
  for (let i = 0; i < 100; i++) assert.deepEqual(await sh(pod, `echo ${i}; exit ${i}`), said(`${i}\n`, i));
});

test('the same command again does its work again', async () => {
  await using pod = await start('again');
  for (let i = 1; i <= 30; i++) {
    assert.deepEqual(await sh(pod, 'echo x >>/count; wc -l </count'), said(`${i}\n`));
  }
});

test('forty at once, of different commands and of the same, each have their own output', async () => {
  await using pod = await start('at-once');
  const numbers = Array.from({ length: AT_ONCE }, (_, i) => i);
  const different = numbers.map((i) => sh(pod, `read x </dev/null; echo ${i}; exit ${i}`));
  assert.deepEqual(
    await Promise.all(different),
    numbers.map((i) => said(`${i}\n`, i)),
  );
  await Promise.all(numbers.map(() => sh(pod, 'echo x >>/count')));
  assert.deepEqual(await sh(pod, 'wc -l </count'), said(`${AT_ONCE}\n`));
});

test('commands of several apps, users and environments do not mix', async () => {
  await using pod = await start('mixed');
  const script = 'echo $(id -u) $WORD $PWD';
  const settings = [
    [{}, '0 /'],
    [{ app: 'other', env: { WORD: 'one' } }, '0 one /'],
    [{ user: 'www-data' }, '33 /'],
    [{ app: 'other', user: 'www-data', workingDirectory: '/usr' }, '33 /usr'],
    [{ env: { WORD: 'two' } }, '0 two /'],
  ] as const;
  for (let round = 0; round < 3; round++) {
    const results = await Promise.all(settings.map(([setting]) => pod.exec(['/bin/sh', '-c', script], setting)));
    assert.deepEqual(
      results,
      settings.map(([, text]) => said(`${text}\n`)),
    );
  }
  await sh(pod, 'echo here >/only-main', 'main');
  assert.equal((await sh(pod, 'test -e /only-main', 'other')).exitCode, 1);
});

test('more different commands than are kept work, and work again', async () => {
  await using pod = await start('many');
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 50; i++) assert.deepEqual(await sh(pod, `echo command ${i}`), said(`command ${i}\n`));
  }
});

test('output is whole at every size, whatever was printed before', async () => {
  await using pod = await start('sizes');
  for (const size of [10, CHUNK, 0, CHUNK - 1, 5 * CHUNK + 1, 1, CHUNK + 1]) {
    const { stdout, stderr } = await sh(pod, `head -c ${size} /dev/zero | tr '\\0' x | tee /dev/stderr`);
    assert.deepEqual([stdout, stderr], ['x'.repeat(size), 'x'.repeat(size)], String(size));
  }
});

test('a command that cannot be executed spoils nothing for the next', async () => {
  await using pod = await start('refused');
  for (let i = 0; i < 3; i++) {
    await assert.rejects(pod.exec(['no-such-command']), codeIs('pod/command-not-found'));
    await assert.rejects(pod.exec(['/bin/true'], { workingDirectory: '/no/such' }), codeIs('pod/start-failed'));
    assert.deepEqual(await sh(pod, 'echo fine'), said('fine\n'));
  }
});

test('what a command leaves in the background writes into no other’s output', async () => {
  await using pod = await start('background');
  const first = await sh(pod, 'mkfifo /go; (read x </go; echo late; echo done >/gone) & echo early');
  assert.deepEqual(first, said('early\n'));
  assert.deepEqual(await sh(pod, 'mkfifo /gone; echo x >/go; cat /gone; echo own'), said('done\nown\n'));
});

test('init holds no more descriptors after a hundred commands than after one', async () => {
  await using pod = await start('init');
  await sh(pod, 'true');
  const init = parentOf(pod.status()!.apps[0]!.pid!);
  const before = descriptorsOf(init);
  await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => sh(pod, `exit ${i}`)));
  await assert.rejects(pod.exec(['no-such-command']));
  // Connections that were not kept are closed by init in the order of its events: a command more, and they were before it.
  for (let i = 0; i < 100; i++) await sh(pod, 'true');
  assert.deepEqual(descriptorsOf(init), before);
});

test('nothing stays open in this process when the pod has been removed', async () => {
  const work = async (name: string): Promise<void> => {
    const pod = await start(name);
    await Promise.all(Array.from({ length: AT_ONCE }, (_, i) => sh(pod, `echo ${i % 20}`, i % 2 ? 'main' : 'other')));
    for (let i = 0; i < 20; i++) await sh(pod, `echo ${i}`);
    await assert.rejects(pod.exec(['no-such-command']));
    await pod.remove();
  };
  // What Node and the library open once for the whole process.
  await work('warm');
  const before = await settled();
  await work('counted');
  await untilOpen(before);
});

test('nor when commands were running as the pod was killed', async () => {
  const work = async (name: string): Promise<void> => {
    const pod = await start(name);
    const running = Array.from({ length: 10 }, (_, i) => sh(pod, `echo up >/up${i}; exec sleep 1000`));
    await sh(pod, 'for i in 0 1 2 3 4 5 6 7 8 9; do until test -e /up$i; do sleep 0.01; done; done');
    await pod.kill();
    // As long as its last word can be one of these, it is told as what happened.
    for (const result of await Promise.allSettled(running)) assertEnded(result);
    await pod.exit;
    await pod.remove();
  };
  await work('killed-warm');
  const before = await settled();
  await work('killed');
  await untilOpen(before);
});

test('a command in a pod that has just been killed, or has ended, is told that it has', async () => {
  const pod = await start('late');
  await sh(pod, 'true');
  const before = descriptorsOf('self');
  const killed = pod.kill();
  const results = await Promise.allSettled(Array.from({ length: 20 }, (_, i) => sh(pod, `exec sleep 100${i}`)));
  await killed;
  for (const result of results) assertEnded(result);
  await pod.exit;
  for (let i = 0; i < 3; i++)
    await assert.rejects(sh(pod, 'true'), (error) => error instanceof PodError && HAS_ENDED.has(error.code));
  await pod.remove();
  await assert.rejects(sh(pod, 'true'), (error) => error instanceof PodError && HAS_ENDED.has(error.code));
  await turn();
  const now = descriptorsOf('self');
  assert.ok(now.length <= before.length, `${now.join('\n')}\n—\n${before.join('\n')}`);
});

test('a command that is asked for after the end of the pod opens nothing that stays', async () => {
  const pod = await start('over');
  await pod.remove();
  await turn();
  const before = descriptorsOf('self');
  await assert.rejects(sh(pod, 'true'), { code: 'pod/state' });
  await turn();
  assert.deepEqual(descriptorsOf('self'), before);
});

test('a command that is being prepared as the pod ends leaves nothing open', async () => {
  await using pod = await start('prepared');
  const path = `${root}/pods/run/${pod.uuid}`;
  const command = { argv: ['/bin/true'], env: {}, stdio: [null, null, null], tty: false } as const;
  const prepare = async (): Promise<void> => {
    const executor = new Executor(path, 'main');
    const running = executor.runToEnd(command);
    executor[Symbol.dispose]();
    await assert.rejects(running, (error) => error instanceof PodError && HAS_ENDED.has(error.code));
  };
  await sh(pod, 'true');
  const before = await settled();
  await prepare();
  await untilOpen(before);
});

test('a connection that waits for the next command keeps nobody from ending', async () => {
  await using pod = await start('idle');
  const before = process.getActiveResourcesInfo().toSorted();
  await sh(pod, 'true');
  await turn();
  assert.deepEqual(process.getActiveResourcesInfo().toSorted(), before);
});

test('a program ends with its pod, whatever it has executed there', async () => {
  const script = `${root}/program.mjs`;
  writeFileSync(script, PROGRAM);
  const child = spawn(process.execPath, [script, root, `${TOP}/dist/index.mjs`], {
    env: cliEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  child.stdout.setEncoding('utf8');
  const [uuid] = (await once(child.stdout, 'data')) as [string];
  await podOk(['stop', '--grace', '0s', uuid.trim()], { root });
  assert.deepEqual(await ended, [0, null]);
});

/** Runs a pod and a command in it, prints the uuid and does nothing further. */
const PROGRAM = `
const { run } = await import(process.argv[3]);
const apps = [{ name: 'main', image: 'host', exec: ['/bin/sleep', '1000'] }];
const head = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'program' }, network: { mode: 'none' } };
const pod = await run({ ...head, apps }, { root: process.argv[2] });
for (const word of ['a', 'b']) await pod.exec(['/bin/echo', word]);
console.log(pod.uuid);
`;

const HAS_ENDED: ReadonlySet<string> = new Set(['pod/died', 'pod/state']);

/** Killed with the pod, or never executed because of that. */
function assertEnded(result: PromiseSettledResult<ExecResult>): void {
  if (result.status === 'fulfilled') assert.equal(result.value.exitCode, 137);
  else assert.ok(result.reason instanceof PodError && HAS_ENDED.has(result.reason.code), String(result.reason));
}

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PodError && error.code === code;
}

/** Sockets are closed, and captures made, after the current turn of the event loop. */
async function turn(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** A socket to a pod is closed when its monitor has ended, which may be after the pod's exit was told: then it stays so. */
async function settled(): Promise<string[]> {
  let last = descriptorsOf('self');
  for (let same = 0; same < 5;) {
    await delay(100);
    const now = descriptorsOf('self');
    same = now.join('\n') === last.join('\n') ? same + 1 : 0;
    last = now;
  }
  return last;
}

async function untilOpen(expected: readonly string[]): Promise<void> {
  await eventually(async () => assert.deepEqual(descriptorsOf('self'), expected));
}

function descriptorsOf(pid: number | 'self'): string[] {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d+/g, 'N')];
      } catch {
        // The one the directory was read through.
        return [];
      }
    })
    .toSorted();
}

/** See proc_pid_stat(5). */
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
