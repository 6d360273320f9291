import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { execa } from 'execa';
import { eventually } from '../../harness/eventually.ts';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { PodProcess } from './pod-process.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();
const MEGABYTES_10 = 10 * 1024 * 1024;

before(async () => {
  const apps = { first: { script: POLITE, env: { FROM: 'manifest' } }, second: POLITE };
  await podOk(['run', '-d', '-'], { root, input: shellManifest('target', apps) });
});

function exec(flags: readonly string[], ...command: string[]): ReturnType<typeof pod> {
  return pod(['exec', ...flags, 'target', '--', ...command], { root });
}

test('the exit code is the command’s, 128 and its signal, 126 or 127', async () => {
  const code = async (...command: string[]): Promise<number | undefined> => (await exec([], ...command)).exitCode;
  assert.equal(await code('/bin/true'), 0);
  assert.equal(await code('/bin/sh', '-c', 'exit 7'), 7);
  assert.equal(await code('/bin/sh', '-c', 'kill -TERM $$'), 143);
  assert.equal(await code('/etc/passwd'), 126);
  assert.equal(await code('no-such-command'), 127);
});

test('a directory of PATH that the user may not search, or a file there that may not be run, hides no later one', async () => {
  const asNobody = (path: string, command: string): ReturnType<typeof pod> =>
    exec(['-u', '65534', '-e', `PATH=${path}`], command, '-u');
  assert.equal((await exec([], '/bin/mkdir', '-p', '/opt/bin/closed', '/opt/bin/plain')).exitCode, 0);
  assert.equal((await exec([], '/bin/chmod', '0700', '/opt/bin/closed')).exitCode, 0);
  assert.equal((await exec([], '/bin/sh', '-c', 'echo >/opt/bin/plain/id; echo >/opt/bin/plain/only')).exitCode, 0);
  const found = await asNobody('/opt/bin/closed:/opt/bin/plain:/usr/bin', 'id');
  assert.deepEqual([found.stdout, found.exitCode], ['65534', 0]);
  assert.equal((await asNobody('/opt/bin/plain:/usr/bin', 'only')).exitCode, 126);
  assert.equal((await asNobody('/opt/bin/plain:/usr/bin', 'neither')).exitCode, 127);
});

test('what cannot be done is exit 125 and an error that blames no line of the manifest', async () => {
  for (const [flags, error] of [
    [['-a', 'nobody'], 'pod/app-not-found'],
    [['-u', 'nobody-of-that-name'], 'image/user'],
    [['--workdir', '/no/such/place'], 'pod/start-failed'],
  ] as const) {
    const { exitCode, stderr } = await exec(flags, '/bin/true');
    assert.equal(exitCode, 125);
    assert.ok(stderr.startsWith('error: ') && stderr.includes(`[${error}]`), stderr);
    if (error === 'image/user') assert.match(stderr, /in image "host"/);
  }
});

test('user, environment and working directory are as asked for, and else the app’s', async () => {
  const script = 'id -u; echo $FROM; echo $EXTRA; pwd';
  const asked = await exec(['-u', 'www-data', '-e', 'EXTRA=1', '--workdir', '/usr'], '/bin/sh', '-c', script);
  assert.equal(asked.stdout, '33\nmanifest\n1\n/usr');
  const plain = await exec([], '/bin/sh', '-c', script);
  assert.equal(plain.stdout, '0\nmanifest\n\n/');
});

test('a variable may have any name', async () => {
  const names = ['__proto__=1', 'constructor=2', '$base64=3'].flatMap((pair) => ['-e', pair]);
  const { stdout } = await exec(names, '/usr/bin/env');
  for (const line of ['__proto__=1', 'constructor=2', '$base64=3'])
    assert.ok(stdout.split('\n').includes(line), stdout);
});

test('each app is its own place', async () => {
  assert.equal((await exec(['-a', 'second'], '/bin/sh', '-c', 'echo here >/only-second')).exitCode, 0);
  assert.equal((await exec([], '/bin/ls', '/only-second')).exitCode, 2);
});

test('ten megabytes go in and out unchanged through pipes', async () => {
  const sent = randomBytes(MEGABYTES_10);
  const result = await execa(process.execPath, commandLine(['exec', '-i', 'target', '--', '/bin/cat'], root), {
    input: sent,
    encoding: 'buffer',
    env: cliEnvironment(),
    extendEnv: false,
    maxBuffer: 2 * MEGABYTES_10,
    stripFinalNewline: false,
  });
  assert.ok(Buffer.from(result.stdout).equals(sent));
});

test('what a terminal sends to every process of a job gets to all of the command, and other signals to it alone', async () => {
  const child = 'for s in INT QUIT HUP TERM; do trap "echo got $s" $s; done; echo up; while :; do sleep 0.1; done';
  const command = ['/bin/sh', '-c', `trap : INT QUIT HUP; sh -c '${child}' job; true`];
  const run = new PodProcess(root, ['exec', 'target', '--', ...command]);
  await run.says('up');
  for (const name of ['INT', 'QUIT', 'HUP'] as const) {
    run.signal(`SIG${name}`);
    await run.says(`got ${name}`);
  }
  const exited = once(run.child, 'exit');
  run.signal('SIGTERM');
  assert.deepEqual(await exited, [143, null]);
  // It is left behind, and holds the output open.
  assert.equal((await exec([], 'pkill', '-KILL', '-f', 'job$')).exitCode, 0);
  await run.ended();
  assert.doesNotMatch(run.output, /got TERM/);
});

test('^C ends a shell that waits for its child, and the child', async () => {
  const run = new PodProcess(root, ['exec', 'target', '--', '/bin/sh', '-c', 'sleep 4711; true']);
  const hasChild = async (): Promise<boolean> => (await exec([], 'pgrep', '-x', '-f', 'sleep 4711')).exitCode === 0;
  // While dash forks, it loses a SIGINT: its handler does nothing, in the parent too, until the child is executed.
  await eventually(async () => assert.ok(await hasChild()));
  run.signal('SIGINT');
  assert.equal(await run.ended(), 130);
  assert.equal(await hasChild(), false);
});

test('a signal gets to the command as soon as it runs, and never leaves it behind', async () => {
  const script = 'trap "exit 7" INT; echo up; while :; do :; done';
  for (let i = 0; i < 10; i++) {
    const run = new PodProcess(root, ['exec', 'target', '--', '/bin/sh', '-c', script]);
    await run.says('up');
    run.signal('SIGINT');
    assert.equal(await run.ended(), 7);
  }
});

test('without -i standard input is empty', async () => {
  const { stdout } = await pod(['exec', 'target', '--', '/bin/cat'], { root, input: 'not for it' });
  assert.equal(stdout, '');
});

test('-t gives it a terminal of the pod’s, of the size of ours', async () => {
  const command = [
    process.execPath,
    ...commandLine(['exec', '-i', '-t', 'target', '--', '/bin/sh', '-c', 'tty; stty size; test -t 1'], root),
  ];
  const file = `${root}/in-terminal.sh`;
  writeFileSync(file, `stty rows 33 cols 101; exec ${command.map((word) => `'${word}'`).join(' ')}\n`);
  const { stdout, exitCode } = await execa('script', ['-qec', `sh ${file}`, '/dev/null'], {
    env: cliEnvironment(),
    extendEnv: false,
    reject: false,
    // Never ends: at the end of its input, script(1) types a NUL.
    stdin: 'pipe',
  });
  assert.equal(exitCode, 0, stdout);
  assert.match(stdout.replaceAll('\r', ''), /\/dev\/pts\/\d+\n33 101/);
});

test('-t without a terminal is an error that says so', async () => {
  const { exitCode, stderr } = await exec(['-t'], '/bin/true');
  assert.equal(exitCode, 125);
  assert.match(stderr, /\[cli\/usage\]/);
});

test('an app that has ended takes no more commands, its neighbours do', async () => {
  await podOk(['kill', '-a', 'second', 'target'], { root });
  const logs = await pod(['logs', 'target'], { root });
  assert.equal(logs.exitCode, 0);
  const { exitCode, stderr } = await exec(['-a', 'second'], '/bin/true');
  assert.equal(exitCode, 125, stderr);
  assert.match(stderr, /\[pod\/state\]/);
  assert.equal((await exec(['-a', 'first'], '/bin/true')).exitCode, 0);
});

test('nor does a pod that has ended', async () => {
  await podOk(['stop', '--grace', '0s', 'target'], { root });
  const { exitCode, stderr } = await exec([], '/bin/true');
  assert.equal(exitCode, 125);
  assert.match(stderr, /\[pod\/state\]/);
});
