import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { cliEnvironment, commandLine, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { POLITE, shellManifest } from './shell-manifest.ts';

const root = useTempRoot();

interface Told {
  readonly exitCode: number | undefined;
  readonly stderr: string;
}

/** A command line one of whose streams takes nothing. */
async function onFull(fd: 1 | 2, args: readonly string[], input = ''): Promise<Told> {
  const full = openSync('/dev/full', 'w');
  try {
    const { exitCode, stderr } = await execa(process.execPath, commandLine(args, root), {
      env: cliEnvironment(),
      extendEnv: false,
      reject: false,
      input,
      stdout: fd === 1 ? full : 'ignore',
      stderr: fd === 2 ? full : 'pipe',
    });
    return { exitCode, stderr: String(stderr) };
  } finally {
    closeSync(full);
  }
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
