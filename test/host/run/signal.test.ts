import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, commandLine, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

/** Runs pod by env(1), which changes what happens to a signal. */
async function under(flag: string, args: readonly string[]): Promise<{ exitCode: number | undefined; stdout: string }> {
  const wrapped = [flag, process.execPath, ...commandLine(args, root)];
  const { exitCode, stdout } = await execa('env', wrapped, { env: cliEnvironment(), extendEnv: false, reject: false });
  return { exitCode, stdout };
}

for (const flag of ['--block-signal=IO', '--ignore-signal=IO', '--default-signal=IO']) {
  test(`a caller’s ${flag} keeps neither run nor exec from the end`, async () => {
    const file = `${root}/caller.yaml`;
    writeFileSync(file, shellManifest('caller', { a: 'echo out; exit 5' }));
    assert.deepEqual(await under(flag, ['run', '--rm', file]), { exitCode: 5, stdout: 'out' });
    await podOk(['run', '-d', '-'], { root, input: shellManifest('target', { a: POLITE }) });
    const command = ['exec', 'target', '--', '/bin/sh', '-c', 'grep SigBlk /proc/self/status; exit 6'];
    assert.deepEqual(await under(flag, command), { exitCode: 6, stdout: 'SigBlk:\t0000000000000000' });
    await podOk(['stop', '--grace', '0s', 'target'], { root });
    await podOk(['rm', 'target'], { root });
  });
}

test('a SIGIO that somebody sends means nothing', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], shellManifest('signalled', { a: POLITE }));
  await run.says('up');
  for (let i = 0; i < 100; i++) run.signal('SIGIO');
  await podOk(['exec', 'signalled', '--', '/bin/true'], { root });
  run.signal('SIGIO');
  run.signal('SIGTERM');
  assert.equal(await run.ended(), 0, run.output);
  assert.equal(run.output, 'up\nstops\n');
});

test('SIGUSR1 opens no debugger, and means nothing', async () => {
  const run = new PodProcess(root, ['run', '--rm', '-'], shellManifest('bugged', { a: POLITE }));
  await run.says('up');
  const others = [
    new PodProcess(root, ['attach', 'bugged']),
    new PodProcess(root, ['wait', 'bugged', '--for', 'exit']),
    new PodProcess(root, ['logs', '-f', 'bugged']),
  ];
  await others[2]!.says('up');
  const all = [run, ...others];
  await eventually(async () =>
    assert.deepEqual(
      all.filter(({ child }) => !isAtWork(child.pid!)),
      [],
    ),
  );
  for (const { child } of all) assert.ok(catchesUsr1(child.pid!));
  for (const one of all) one.signal('SIGUSR1');
  // Its thread would have taken the signal by then.
  await podOk(['exec', 'bugged', '--', '/bin/true'], { root });
  assert.deepEqual(
    all.map(({ child }) => listens(child.pid!)),
    [false, false, false, false],
  );
  run.signal('SIGTERM');
  assert.deepEqual(await Promise.all(all.map((one) => one.ended())), [0, 0, 0, 0], run.output);
  for (const { output } of all) assert.doesNotMatch(output, /Debugger/);
});

for (const [signal, code] of [
  ['SIGHUP', 129],
  ['SIGQUIT', 131],
] as const) {
  test(`${signal} stops the pods of pod run, and SIGUSR2 does nothing to them`, async () => {
    const one = new PodProcess(root, ['run', '--rm', '-'], shellManifest('ended', { a: POLITE }));
    const files = ['ended-a', 'ended-b'].map((name) => {
      writeFileSync(`${root}/${name}.json`, shellManifest(name, { a: POLITE }));
      return `${root}/${name}.json`;
    });
    const two = new PodProcess(root, ['run', '--rm', ...files]);
    await Promise.all([one.says('up'), two.says('ended-a | up'), two.says('ended-b | up')]);
    for (const run of [one, two]) {
      run.signal('SIGUSR2');
      run.signal(signal);
      // A hangup comes more than once, and not to kill.
      if (signal === 'SIGHUP') run.signal(signal);
      assert.equal(await run.ended(), code, run.output);
    }
    assert.equal(one.output, 'up\nstops\n');
    assert.equal(two.output.match(/stops/g)?.length, 2, two.output);
    assert.doesNotMatch(await podOk(['ps', '-a'], { root }), /ended/);
  });
}

/** Before Node has begun, the signal would end it. */
/** Node itself takes SIGUSR1 until a program has begun, and opens its debugger: what it waits for it has only then. */
function isAtWork(pid: number): boolean {
  const fds = readdirSync(`/proc/${pid}/fd`).filter((fd) => Number(fd) > 2);
  const targets = fds.map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return targets.some((target) => target === 'anon_inode:inotify' || target.startsWith('socket:'));
}

function catchesUsr1(pid: number): boolean {
  const [, caught] = /^SigCgt:\s+([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
  return (BigInt(`0x${caught}`) & (1n << 9n)) !== 0n;
}

/** tcp(4): state 0A is that of a socket that listens. */
function listens(pid: number): boolean {
  const sockets = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const listening = readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === '0A');
  return listening.some(([, , , , , , , , , inode]) => sockets.includes(`socket:[${inode}]`));
}
