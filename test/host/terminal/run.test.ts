import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { TerminalProcess } from '../../harness/terminal-process.ts';
import { POLITE, shellManifest } from '../run/shell-manifest.ts';

const root = useTempRoot();

const CTRL_C = '\x03';
const CTRL_Z = '\x1a';
const BASH = ['/bin/bash', '--norc', '--noprofile', '--noediting'];
const DETACH = '\x10\x11';

function manifestFile(name: string, apps: Parameters<typeof shellManifest>[1]): string {
  const path = `${root}/${name}.json`;
  writeFileSync(path, shellManifest(name, apps));
  return path;
}

/** A shell at its prompt, on a terminal. */
async function interactive(name: string, flags: readonly string[] = ['-it', '--rm']): Promise<TerminalProcess> {
  const file = manifestFile(name, { main: `PS1="ready> " exec ${BASH.join(' ')}` });
  const run = TerminalProcess.pod(root, ['run', ...flags, file], [33, 101]);
  await run.says('ready> ');
  return run;
}

/** Types a command and waits for what its output must hold; `$((…))` in it keeps the echo from being taken for that. */
async function say(run: TerminalProcess, command: string, answer: string | RegExp): Promise<void> {
  run.forget();
  run.type(`${command}\n`);
  await run.says(answer);
}

test('the app has a terminal of the pod’s, of the size of ours, its controlling one and its user’s', async () => {
  await using run = await interactive('own');
  await say(run, 'tty; stty size; echo $TERM', /\/dev\/pts\/0\n33 101\nxterm-256color\n/);
  await say(run, 'echo here$((1)) >/dev/tty', /here1\n/);
  await say(run, 'stat -c %u:%g:%a /dev/pts/0; ls /dev/pts', /0:5:620\n0 {2}ptmx\n/);
  // Nothing of the caller's terminal is in the pod.
  await say(run, 'ls -l /proc/*/fd 2>/dev/null | grep -E "tty|pts" | grep -vc "/dev/pts/0$"', /0\nready> $/);
  run.type('exit 7\n');
  assert.equal(await run.ended(), 7);
});

test('a user who is not root owns the terminal', async () => {
  const file = manifestFile('user', {
    main: { script: 'stat -c %u /dev/pts/0; echo x >/dev/pts/0 && echo opened', user: 'www-data' },
  });
  await using run = TerminalProcess.pod(root, ['run', '--rm', '-it', file]);
  await run.says(/33\nx\nopened\n/);
  assert.equal(await run.ended(), 0);
});

test('^C and ^Z are for the job in the foreground', async () => {
  await using run = await interactive('jobs');
  // Not dash: it makes its commands by vfork, and a child that stops before its exec keeps the parent from stopping. But bash
  // takes no notice of a ^C that comes as its command ends by itself, unless there is a trap for it.
  const job = `bash -c 'trap "echo continued" CONT; trap "exit 130" INT; echo going$((1)); while :; do sleep 0.05; done'`;
  await say(run, job, 'going1');
  run.type(CTRL_Z);
  await run.says('Stopped');
  await say(run, 'jobs', /\[1\]\+ +Stopped/);
  // The job goes on from where it was, and the next key is for it.
  await say(run, 'fg', /\ncontinued\n/);
  run.type(CTRL_C);
  await run.says(/ready> $/);
  await say(run, 'jobs; echo none$((1))', /jobs; echo .*\nnone1\n/);
  run.type('exit 0\n');
  assert.equal(await run.ended(), 0);
});

test('a new size comes through, and with it SIGWINCH', async () => {
  await using run = await interactive('size');
  // A script: an interactive shell is not in the foreground while its commands run.
  const script = 'trap "stty size" WINCH; echo trap$((1)); while :; do sleep 0.05; done';
  await say(run, `sh -c '${script}'`, 'trap1');
  run.resize(40, 90);
  await run.says('40 90');
  run.type(CTRL_C);
  await run.says('ready> ');
  run.type('exit 0\n');
  assert.equal(await run.ended(), 0);
});

test('the terminal is as it was: after the end, after the detach keys, after an error', async () => {
  const file = manifestFile('modes', { main: POLITE });
  for (const [flags, keys] of [
    [['-it', '--rm'], CTRL_C],
    [['-it'], DETACH],
    [['-it', '--detach-keys', 'a,ctrl-b'], 'a\x02'],
  ] as const) {
    await using run = TerminalProcess.pod(root, ['run', ...flags, file]);
    await run.says('up');
    assert.notEqual(run.modes(), run.firstModes);
    run.type(keys);
    await run.ended();
    assert.equal(run.modes(), run.firstModes);
    await pod(['stop', '--grace', '0s', 'modes'], { root });
  }
});

test('a signal that ends a client of the pod gives the terminal back, one that stops the pod keeps it until the end', async () => {
  const file = manifestFile('signals', {
    main: "trap 'echo stops; exit 7' TERM; echo up; while :; do sleep 0.02; done",
  });
  for (const [args, signal, end] of [
    [['run', '-it', file], 'SIGABRT', -1],
    [['attach', 'signals'], 'SIGQUIT', -1],
    [['attach', 'signals'], 'SIGALRM', -1],
    [['run', '-it', '--rm', file], 'SIGQUIT', 128 + 3],
  ] as const) {
    if (args.includes('--rm' as never)) await podOk(['rm', '--force', 'signals'], { root });
    await using client = TerminalProcess.pod(root, args);
    while (client.modes() === client.firstModes) await delay(20);
    if (args[0] === 'run') await client.says('up');
    client.child.kill(signal);
    if (end > 0) await client.says('stops');
    assert.deepEqual([await client.ended(), client.modes()], [end, client.firstModes], signal);
  }
});

test('the detach keys leave the pod running, and an attach comes back to it', async () => {
  await using run = await interactive('left', ['-it']);
  await say(run, 'kept=from-before', 'ready> ');
  run.type(DETACH);
  assert.equal(await run.ended(), 0);
  await run.says('pod attach left');
  assert.equal((await statusOf(root, 'left')).state, 'running');
  await using again = TerminalProcess.pod(root, ['attach', 'left'], [20, 60]);
  // The next prompt comes when there is something to answer.
  again.type('\n');
  await again.says('ready> ');
  await say(again, 'echo $kept; stty size', /from-before\n20 60\n/);
  again.type('exit 3\n');
  assert.equal(await again.ended(), 3);
  await podOk(['rm', 'left'], { root });
});

test('what is typed before the app reads is not lost', async () => {
  const file = manifestFile('early', { main: 'sleep 0.3; read line; echo "got $line"' });
  await using run = TerminalProcess.pod(root, ['run', '--rm', '-it', file]);
  run.type('typed early\n');
  await run.says('got typed early');
  assert.equal(await run.ended(), 0);
});

test('a terminal that goes away hangs up the app of run -it, and leaves the one of attach alone', async () => {
  const run = await interactive('gone', ['-it']);
  run.hangUp();
  assert.equal(await run.ended(), 129);
  await podOk(['wait', 'gone', '--for', 'exit'], { root });
  await podOk(['run', '-d', '-t', '-'], { root, input: shellManifest('watched', { main: POLITE }) });
  const attach = TerminalProcess.pod(root, ['attach', 'watched']);
  while (attach.modes() === attach.firstModes) await delay(20);
  attach.hangUp();
  await attach.ended();
  assert.equal((await statusOf(root, 'watched')).state, 'running');
  await podOk(['stop', '--grace', '0s', 'watched'], { root });
});

test('a terminal that goes away stops the pod of run, also one that does not end by a hangup', async () => {
  // Goes on to write: that fails.
  const script = `trap '' HUP; trap 'exit 0' TERM; echo up; while :; do echo on; sleep 0.01; done`;
  const file = manifestFile('talks', { main: script });
  for (const flags of [[], ['-i'], ['-t'], ['-it']]) {
    const run = TerminalProcess.pod(root, ['run', '--rm', ...flags, file]);
    await run.says('up');
    run.hangUp();
    assert.equal(await run.ended(), 129, flags.join());
    assert.doesNotMatch(await podOk(['ps', '-a'], { root }), /talks/);
  }
});

test('a reader that goes away stops the pod of run -t', async () => {
  const file = manifestFile('read', { main: 'echo up; while :; do echo on; sleep 0.01; done' });
  const line = [process.execPath, ...commandLine(['run', '--rm', '-t', file], root)].join(' ');
  const shown = execFileSync('/bin/bash', ['-c', `${line} | head -n 1`], { env: cliEnvironment(), encoding: 'utf8' });
  assert.match(shown, /^up/);
  assert.doesNotMatch(await podOk(['ps', '-a'], { root }), /read/);
});

test('a suspended pod run gives the terminal back, and takes it again', async () => {
  const file = manifestFile('suspended', { main: `PS1="ready> " exec ${BASH.join(' ')}` });
  // A shell with job control, which is what waits for a program that stops.
  await using shell = new TerminalProcess(['env', 'PS1=outer> ', ...BASH, '-i']);
  await shell.says('outer> ');
  shell.type(`${[process.execPath, ...commandLine(['run', '-it', '--rm', file], root)].join(' ')}\n`);
  await shell.says('ready> ');
  const raw = shell.modes();
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(shell.child.pid)], { encoding: 'utf8' });
  shell.forget();
  process.kill(Number(children.trim().split('\n')[0]), 'SIGTSTP');
  await shell.says('Stopped');
  assert.notEqual(shell.modes(), raw);
  shell.forget();
  shell.type('fg\n');
  // Raw again: what is typed is echoed by the app's terminal, once.
  await shell.says('pod.cjs');
  shell.type('echo back$((1))\n');
  await shell.says('back1');
  assert.equal(shell.modes(), raw);
  shell.type('exit\n');
  await shell.says(/outer> $/);
  shell.type('exit\n');
  await shell.ended();
});

test('-t without -i shows the terminal and keeps the keys: ^C stops the pod', async () => {
  const file = manifestFile('shown', { main: `test -t 1 && echo terminal; ${POLITE}` });
  await using run = TerminalProcess.pod(root, ['run', '-t', '--rm', file]);
  await run.says(/terminal\nup\n/);
  run.type(CTRL_C);
  await run.says('stops');
  assert.equal(await run.ended(), 0);
});

test('-it without a terminal is an error that says so, -t alone is not', async () => {
  const file = manifestFile('none', { main: 'test -t 0 && test -t 1 && tty' });
  const refused = await pod(['run', '-it', file], { root });
  assert.equal(refused.exitCode, 125);
  assert.match(refused.stderr, /\[cli\/usage\]/);
  const shown = await pod(['run', '-t', '--rm', file], { root });
  assert.deepEqual([shown.exitCode, shown.stdout.trim()], [0, '/dev/pts/0']);
});

test('tty: true gives a terminal to an app nobody looks at, and its output is in the logs', async () => {
  const input = shellManifest('logged', { main: { script: 'tty; echo err >&2', tty: true }, other: 'tty; true' });
  const shown = await pod(['run', '-'], { root, input });
  assert.equal(shown.exitCode, 0);
  assert.match(shown.stdout, /main {2}\| \/dev\/pts\/0\r\n/);
  assert.match(shown.stdout, /other \| not a tty/);
  const logs = await podOk(['logs', 'logged', '-a', 'main'], { root });
  assert.equal(logs, '/dev/pts/0\r\nerr');
});

test('run -i of an app with tty: true is run -it', async () => {
  const file = manifestFile('byfile', { main: { script: 'read line; echo "got $line"', tty: true } });
  await using run = TerminalProcess.pod(root, ['run', '-i', '--rm', file]);
  run.type('it\n');
  await run.says('got it');
  assert.equal(await run.ended(), 0);
  const refused = await pod(['run', '-i', file], { root, input: 'it\n' });
  assert.equal(refused.exitCode, 125);
  assert.match(refused.stderr, /\[cli\/usage\]/);
});

test('the pod goes on when the app on the terminal has ended, and ^C stops it', async () => {
  const file = manifestFile('two', { main: 'echo short', other: POLITE });
  await using run = TerminalProcess.pod(root, ['run', '-it', '--rm', file]);
  await run.says('the pod keeps running');
  assert.equal(run.modes(), run.firstModes);
  run.type(CTRL_C);
  assert.equal(await run.ended(), 0);
});
