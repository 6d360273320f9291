import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { podOk } from '../../harness/pod-cli.ts';
import { probeApp, probeExec, startHoldingPod, type ProbePodOptions } from '../../harness/probe-pod.ts';
import type { ProbeReport } from '../../harness/probe-report.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const LIMITED: ProbePodOptions = {
  name: 'posture',
  app: {
    user: '33',
    isolators: {
      'resource/memory': { limit: '64Mi' },
      'resource/pids': { limit: 20 },
      'os/linux/capabilities-retain-set': { set: ['CAP_CHOWN', 'CAP_KILL'] },
      'os/linux/oom-score-adj': 300,
    },
  },
};

let app: ProbeReport;
let exec: ProbeReport;

before(async () => {
  app = await probeApp(root, LIMITED);
  await startHoldingPod(root, LIMITED);
  exec = await probeExec(root, 'posture');
});

/** Each is of the pod it was read in. */
function withoutUuid(lines: readonly string[]): string[] {
  return lines.map((line) => line.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UUID'));
}

test('an exec’d process has the app’s user, capabilities, filter and limits', () => {
  for (const field of [
    'uid',
    'gid',
    'groups',
    'capabilities',
    'noNewPrivs',
    'seccomp',
    'seccompFilters',
    'rlimits',
    'umask',
    'oomScoreAdj',
    'securebits',
    'signals',
  ] as const)
    assert.deepEqual(exec[field], app[field], field);
});

test('it is in the app’s cgroups and sees the app’s mounts', () => {
  assert.deepEqual(withoutUuid(exec.cgroups), withoutUuid(app.cgroups));
  const places = ({ mounts }: ProbeReport): string[] => mounts.map(({ path, type }) => `${path} ${type}`);
  assert.deepEqual(places(exec), places(app));
});

test('it is in every namespace of the app it was started in', async () => {
  // The first process of the app, seen from beside it.
  const script = 'for n in mnt net ipc uts pid user cgroup; do readlink /proc/2/ns/$n; readlink /proc/self/ns/$n; done';
  await podOk(['run', '-d', '-'], {
    root,
    input: JSON.stringify({
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name: 'spaces' },
      network: { mode: 'none' },
      apps: [{ name: 'a', image: 'host', exec: ['/bin/sleep', '1000'] }],
    }),
  });
  const lines = (await podOk(['exec', 'spaces', '--', '/bin/sh', '-c', script], { root })).split('\n');
  assert.equal(lines.length, 14);
  for (let i = 0; i < lines.length; i += 2) {
    // A cgroup namespace is made for each process; it shows the same tree.
    if (!lines[i]!.startsWith('cgroup')) assert.equal(lines[i + 1], lines[i]);
  }
});
