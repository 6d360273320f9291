import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { execa } from 'execa';
import { probeBothWays } from '../harness/both-ways.ts';
import { cliEnvironment, commandLine, podOk } from '../harness/pod-cli.ts';
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

/** What the processes that wait beside a pod's apps hold open. */
function heldBySupervisors(uuid: string): string[] {
  const holders = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(linksOf);
  return holders.filter((links) => links.some((link) => link.endsWith(`/pods/run/${uuid}`))).flat();
}

function linksOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Ended since the directory was read.
    return [];
  }
}

test('nor are they kept by monitor and init', async () => {
  const command = commandLine(['run', '-d', '-'], root);
  const { stdout: uuid } = await execa('sh', ['-c', 'exec "$0" "$@" 5</etc/passwd', process.execPath, ...command], {
    input: probeManifest({ name: 'kept', args: ['hold'] }),
    env: cliEnvironment(),
    extendEnv: false,
  });
  const held = heldBySupervisors(uuid.trim());
  assert.notEqual(held.length, 0);
  assert.equal(held.includes('/etc/passwd'), false);
  await podOk(['stop', 'kept'], { root });
});
