import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
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
