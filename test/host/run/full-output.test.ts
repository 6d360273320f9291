import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

/** A command line one of whose streams takes nothing. */
function onFull(fd: 1 | 2, args: readonly string[], input = ''): ReturnType<typeof pod> {
  return pod(args, { root, input, wrapper: ['/bin/sh', '-c', `exec "$@" ${fd}>/dev/full`, 'sh'] });
}

test('a standard output that cannot be written is told as such', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('shown', { a: POLITE }) });
  for (const args of [
    ['ps'],
    ['status', 'shown'],
    ['logs', 'shown'],
    ['version'],
    ['ps', '--help'],
    ['export', '-O', '-', 'shown'],
  ]) {
    const { exitCode, stderr } = await onFull(1, args);
    assert.match(stderr, /^error: write standard output: ENOSPC.* \[host\/refused\]$/, args[0]);
    assert.equal(exitCode, 1, args[0]);
  }
});

test('an error that cannot be told leaves its exit code', async () => {
  assert.equal((await onFull(2, ['ps', '--nope'])).exitCode, 2);
  assert.equal((await onFull(2, ['exec', 'nope', '--', 'true'])).exitCode, 125);
});

test('exec whose output cannot be written is told so in one line, and its command by a broken pipe', async () => {
  await podOk(['run', '-d', '-'], { root, input: shellManifest('inside', { a: POLITE }) });
  for (const fd of [1, 2] as const) {
    for (const script of [`echo out >&${fd}`, `while echo out >&${fd}; do :; done`]) {
      const { exitCode, stdout, stderr } = await onFull(fd, ['exec', 'inside', '--', '/bin/sh', '-c', script]);
      assert.equal(exitCode, 125, script);
      assert.equal(stdout, '');
      assert.match(stderr, fd === 1 ? /^error: write standard output: ENOSPC.* \[host\/refused\]$/ : /^$/, script);
    }
  }
});

test('run -d whose uuid cannot be written leaves no pod', async () => {
  const input = shellManifest('untold', { a: POLITE });
  const idFile = `${root}/id`;
  const files = ['untold-a', 'untold-b'].map((name) => {
    writeFileSync(`${root}/${name}.json`, shellManifest(name, { a: name === 'untold-a' ? POLITE : 'true' }));
    return `${root}/${name}.json`;
  });
  for (const [args, names] of [
    [['run', '-d', '--id-file', idFile, '-'], '"untold"'],
    [['run', '-d', ...files], '"untold-a", "untold-b"'],
  ] as const) {
    const { exitCode, stderr } = await onFull(1, args, input);
    assert.equal(exitCode, 125, stderr);
    const told = `stopped and removed ${names}: the uuid could not be written\nerror: write standard output: ENOSPC`;
    assert.ok(stderr.startsWith(told), stderr);
  }
  assert.equal(existsSync(idFile), false);
  assert.doesNotMatch(await podOk(['ps', '-a'], { root }), /untold/);
});
