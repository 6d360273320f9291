import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execa } from 'execa';
import { probeBothWays } from '../harness/both-ways.ts';
import { cliEnvironment, commandLine } from '../harness/pod-cli.ts';
import { probeManifest } from '../harness/probe-pod.ts';
import type { ProbeReport } from '../harness/probe-report.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const root = useTempRoot();
const both = probeBothWays(root, { name: 'descriptors' });

/** Without the one through which the probe read the list. */
function openDescriptors({ descriptors, pid }: ProbeReport): string[] {
  return Object.keys(descriptors).filter((fd) => descriptors[fd] !== `/proc/${pid}/fd`);
}

both('only the standard three are open', (report) => {
  assert.deepEqual(openDescriptors(report), ['0', '1', '2']);
});

test('descriptors the caller leaves open stay outside', async () => {
  const command = commandLine(['run', '--rm', '-'], root);
  const result = await execa('sh', ['-c', 'exec "$0" "$@" 5</etc/passwd 6</etc', process.execPath, ...command], {
    input: probeManifest({ name: 'leaky' }),
    env: cliEnvironment(),
    extendEnv: false,
  });
  const report = JSON.parse(result.stdout.replaceAll('\n', '')) as ProbeReport;
  assert.deepEqual(openDescriptors(report), ['0', '1', '2']);
});
