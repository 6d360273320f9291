import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliEnvironment, commandLine, pod, podOk } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { manifest, STOPPABLE } from './manifests.ts';

const root = useTempRoot();

/** Starts a foreground run and resolves when its output holds `marker`. */
async function startRun(
  args: readonly string[],
  marker: string,
): Promise<{ child: ReturnType<typeof spawn>; output: () => string }> {
  const child = spawn(process.execPath, commandLine(['run', ...args], root), {
    env: cliEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  while (!text.includes(marker)) await once(child.stdout!, 'data');
  return { child, output: () => text };
}

test('one app’s output comes through byte for byte, and so does its code', async () => {
  const found = await pod(['run', '--rm', manifest('bytes', `printf 'no end'; printf 'to err\\n' >&2; exit 3`)], {
    root,
  });
  assert.deepEqual([found.stdout, found.stderr, found.exitCode], ['no end', 'to err', 3]);
});

test('all that was written before the end is shown', async () => {
  const stdout = await podOk(['run', '--rm', manifest('much', 'seq 1 100000')], { root });
  assert.equal(stdout, Array.from({ length: 100_000 }, (_, index) => index + 1).join('\n'));
});

test('several apps’ lines carry their names, and the first bad code counts', async () => {
  const path = manifest('pair', { name: 'one', script: 'echo 1' }, { name: 'second', script: 'echo 2; exit 4' });
  const { stdout, exitCode } = await pod(['run', '--rm', path], { root });
  assert.deepEqual(stdout.split('\n').toSorted(), ['one    | 1', 'second | 2']);
  assert.equal(exitCode, 4);
});

test('a pod in the background prints its uuid and answers to it, a prefix and its name', async () => {
  const idFile = join(root, 'id');
  const uuid = await podOk(['run', '-d', '--id-file', idFile, manifest('back', STOPPABLE)], { root });
  assert.equal(readFileSync(idFile, 'utf8'), `${uuid}\n`);
  for (const query of [uuid, uuid.slice(0, 8), 'back']) assert.equal((await statusOf(root, query)).state, 'running');
  const { apps } = await statusOf(root, 'back');
  assert.match(readFileSync(`/proc/${apps[0]!.pid}/cmdline`, 'utf8'), /trap/);
  const again = await pod(['run', '-d', manifest('back', STOPPABLE)], { root });
  assert.deepEqual([again.exitCode, /name-taken/.test(again.stderr)], [125, true]);
  assert.equal(await podOk(['stop', 'back'], { root }), uuid);
  assert.match(await podOk(['logs', 'back'], { root }), /^ready\nstopped$/);
  assert.equal(await podOk(['ps', '-o', 'name'], { root }), '');
  for (const names of [['-o', 'name'], ['-q']])
    assert.equal(await podOk(['ps', '-a', '-l', 'test=back', ...names], { root }), uuid);
  assert.match(await podOk(['ps', '-a', '-q', '-o', 'table'], { root }), /^UUID /);
});

test('one ^C stops the pod gracefully', async () => {
  const { child, output } = await startRun(['--rm', manifest('int', STOPPABLE)], 'ready');
  child.kill('SIGINT');
  // Not `exit`, which does not wait for the output.
  assert.deepEqual(await once(child, 'close'), [0, null]);
  assert.match(output(), /stopped/);
});

test('a second ^C kills it', async () => {
  const { child } = await startRun(
    ['--rm', manifest('int2', `trap 'echo deaf' TERM; echo ready; while :; do sleep 0.1; done`)],
    'ready',
  );
  child.kill('SIGINT');
  await once(child.stdout!, 'data');
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [137, null]);
});

test('a reader that goes away stops the pod', async () => {
  const flood = `trap 'exit 5' TERM; while :; do echo y; done`;
  const child = spawn(process.execPath, commandLine(['run', manifest('pipe', flood)], root), {
    env: cliEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  assert.deepEqual(await once(child, 'exit'), [5, null]);
  assert.equal((await statusOf(root, 'pipe')).state, 'exited');
});

test('a time limit stops the pod and exits 125', async () => {
  const { exitCode, stderr } = await pod(['run', '--rm', '--timeout', '200ms', manifest('slow', STOPPABLE)], { root });
  assert.equal(exitCode, 125);
  assert.match(stderr, /pod\/timeout/);
  assert.equal((await pod(['status', 'slow'], { root })).exitCode, 1);
});

test('followed logs end with the pod, and are whole', async () => {
  await podOk(['run', '-d', manifest('tail', 'for i in 1 2 3 4 5; do echo $i; sleep 0.05; done')], { root });
  assert.equal(await podOk(['logs', '-f', 'tail'], { root }), '1\n2\n3\n4\n5');
  assert.equal(await podOk(['logs', '--tail', '2', 'tail'], { root }), '4\n5');
});

test('wait tells the exit code, or that time ran out', async () => {
  const script = 'until [ -e /dev/shm/go ]; do sleep 0.01; done; exit 6';
  await podOk(['run', '-d', manifest('waited', script)], { root });
  assert.equal((await pod(['wait', 'waited', '--for', 'exit', '--timeout', '50ms'], { root })).exitCode, 1);
  await podOk(['exec', 'waited', '--', '/bin/touch', '/dev/shm/go'], { root });
  assert.equal(await podOk(['wait', 'waited', '--for', 'exit'], { root }), '6');
});

test('exec exits as the command does', async () => {
  await podOk(['run', '-d', manifest('exec', STOPPABLE)], { root });
  assert.equal(await podOk(['exec', '-i', 'exec', '--', 'cat'], { root, input: 'in and out' }), 'in and out');
  for (const [argv, code] of [
    [['sh', '-c', 'exit 7'], 7],
    [['sh', '-c', 'kill -9 $$'], 137],
    [['no-such-program'], 127],
    [['/etc'], 126],
  ] as const) {
    assert.equal((await pod(['exec', 'exec', '--', ...argv], { root })).exitCode, code, argv.join(' '));
  }
  assert.equal((await pod(['exec', 'exec', '-a', 'none', '--', 'true'], { root })).exitCode, 125);
  await podOk(['kill', 'exec'], { root });
  assert.equal((await pod(['wait', 'exec'], { root })).stdout, '137');
  assert.equal((await pod(['exec', 'exec', '--', 'true'], { root })).exitCode, 125);
});

test('usage errors exit 2, and 125 where other codes are the app’s', async () => {
  for (const [args, code] of [
    [['pss'], 2],
    [['ps', '--nope'], 2],
    [['stop'], 2],
    [['attach'], 2],
    [['run'], 125],
    [['run', '--nope', 'x'], 125],
    [['run', '/no/such/file'], 125],
    [['exec', 'x'], 125],
    [['run-prepared', 'x'], 125],
    [['stop', 'no-such-pod'], 1],
    [['rm', 'no-such-pod'], 1],
    [['attach', 'no-such-pod'], 1],
  ] as const) {
    const { exitCode, stdout, stderr } = await pod(args, { root });
    assert.deepEqual([exitCode, stdout], [code, ''], args.join(' '));
    assert.match(stderr, /^error: /);
  }
});
