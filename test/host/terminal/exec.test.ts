import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { TerminalProcess } from '../../harness/terminal-process.ts';
import { POLITE, shellManifest } from '../run/shell-manifest.ts';

const root = useTempRoot();

before(() => podOk(['run', '-d', '-'], { root, input: shellManifest('target', { main: POLITE }) }));

function exec(flags: readonly string[], script: string): TerminalProcess {
  return TerminalProcess.pod(root, ['exec', ...flags, 'target', '--', '/bin/sh', '-c', script]);
}

test('a command that closes all of its streams keeps its terminal, its input and its exit code', async () => {
  await using run = exec(
    ['-it'],
    'exec </dev/null >/dev/null 2>&1; sleep 0.5; echo asks >/dev/tty; read line </dev/tty; exit $line',
  );
  await run.says('asks');
  run.type('3\n');
  assert.equal(await run.ended(), 3);
});

test('a signal that ends the client gives the terminal back first', async () => {
  for (const signal of ['SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGTERM', 'SIGINT'] as const) {
    await using run = exec(['-it'], 'echo up; read line');
    await run.says('up');
    assert.notEqual(run.modes(), run.firstModes);
    run.child.kill(signal);
    assert.equal(await run.ended(), -1);
    assert.deepEqual([run.child.signalCode, run.modes()], [signal, run.firstModes]);
  }
});

test('what a command leaves behind keeps nobody waiting, however much it writes', async () => {
  // The terminal would not end either while something of the pod opens it again and again.
  const scripts = [
    [[], 'yes & echo started; exit 8'],
    [['-it'], 'trap "" HUP; yes & echo started; exit 9'],
    [['-it'], 'tty=$(tty); trap "" HUP; (while :; do yes >$tty; done) 2>/dev/null & echo started; exit 10'],
  ] as const;
  for (const [flags, script] of scripts) {
    const run = exec(flags, script);
    assert.equal(
      await Promise.race([run.ended(), delay(60_000, 'not at all', { ref: false })]),
      Number(/\d+$/.exec(script)![0]),
    );
    run.hangUp();
  }
});

test('a size that changes while the command is on its way is the one it gets', async () => {
  const { apps } = await statusOf(root, 'target');
  const init = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${apps[0]!.pid}/status`, 'utf8'))![1]);
  process.kill(init, 'SIGSTOP');
  await using run = exec(['-it'], 'read line; stty size');
  try {
    // It has told its size and waits for the terminal.
    while (!readFileSync(`/proc/${run.child.pid}/wchan`, 'utf8').includes('unix_stream')) await delay(2);
    run.resize(41, 123);
  } finally {
    process.kill(init, 'SIGCONT');
  }
  await delay(0);
  run.type('\n');
  await run.says('41 123');
  assert.equal(await run.ended(), 0);
});

test('after a SIGHUP, too, the terminal is as it was, and the command is hung up', async () => {
  await using run = exec(['-it'], 'read line; echo "got $line"; read line');
  run.type('it\n');
  await run.says('got it');
  assert.notEqual(run.modes(), run.firstModes);
  run.child.kill('SIGHUP');
  assert.equal(await run.ended(), 129);
  assert.equal(run.modes(), run.firstModes);
});
