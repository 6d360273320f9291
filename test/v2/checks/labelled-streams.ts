import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { POD_BIN } from '../../harness/paths.ts';
import { manifestOf, shell } from './pods.ts';

/** In memory, where no context of an app may read and write. */
const INPUT = '/run/input';
const OUTPUT = '/run/output';
const MANIFEST = '/run/pod.json';
const ECHO = ['/bin/sh', '-c', 'read line; echo "$line out"; echo "$line err" >&2'];

/**
 * At execve, SELinux replaces descriptors that the context may not use, without a word. So commands of an app with a label, and its
 * standard input, are given nothing but pipes.
 */
export async function keepsStreams(root: string, isolators: Readonly<Record<string, unknown>>): Promise<void> {
  writeFileSync(INPUT, 'from a file\n');
  const pod = await shell(root, 'exec sleep 1000', { isolators });
  try {
    const { stdout, stderr } = await pod.exec(ECHO);
    assert.deepEqual([stdout, stderr], [' out\n', ' err\n']);
    assert.equal((await pod.exec(['/bin/sh', '-c', 'seq 100000'])).stdout.length, 588_895);
    assert.equal(runCli(['exec', '--root', root, '-i', pod.name, '--', ...ECHO]), 'from a file out\nfrom a file err\n');
  } finally {
    await pod.remove();
  }
  writeFileSync(MANIFEST, JSON.stringify(manifestOf(ECHO, { isolators })));
  assert.equal(runCli(['run', '--root', root, '--rm', '-i', MANIFEST]), 'from a file out\nfrom a file err\n');
}

/** Reads from a file, and writes to one. */
function runCli(args: readonly string[]): string {
  const files = [openSync(INPUT, 'r'), openSync(OUTPUT, 'w')] as const;
  try {
    execFileSync(process.execPath, [POD_BIN, ...args], { stdio: [files[0], files[1], files[1]] });
  } finally {
    for (const file of files) closeSync(file);
  }
  return readFileSync(OUTPUT, 'utf8');
}
