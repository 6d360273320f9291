import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { pod } from '../../harness/pod-cli.ts';
import { statusOf } from '../../harness/pod-status.ts';
import { probeApp, probeManifest } from '../../harness/probe-pod.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

type Json = Readonly<Record<string, unknown>>;

const root = useTempRoot();
const OWN = { isolators: { 'os/linux/namespaces': { pid: 'app' } } };
const shell = (command: string): string[] => ['/bin/sh', '-c', command];

/** Two apps, the first a shell. */
function manifest(name: string, command: string, app: Json = {}): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    network: { mode: 'none' },
    ...OWN,
    apps: [
      { name: 'first', image: 'host', exec: shell(command), ...app },
      { name: 'other', image: 'host', exec: ['/bin/sleep', '1000'] },
    ],
  });
}

test('an app is PID 1, and what /proc hides and keeps read-only it hides and keeps still', async () => {
  const inPod = await probeApp(root, { pod: { network: { mode: 'none' } } });
  const own = await probeApp(root, { pod: { network: { mode: 'none' }, ...OWN } });
  assert.deepEqual([own.pid, own.ppid], [1, 0]);
  assert.notEqual(inPod.pid, 1);
  assert.deepEqual(own.kernelPaths, inPod.kernelPaths);
  const procs = (report: typeof own): string[] =>
    report.mounts
      .filter(({ path }) => path.startsWith('/proc'))
      .map(({ path, options }) => `${path} ${options}`)
      .sort();
  assert.deepEqual(procs(own), procs(inPod));
});

test('what an isolator masks below /proc stays masked', async () => {
  const isolators = { 'os/linux/masked-paths': { set: ['/proc/cpuinfo', '/proc/nowhere'] } };
  const input = JSON.parse(probeManifest({ app: { isolators }, pod: { network: { mode: 'none' }, ...OWN } })) as {
    apps: Json[];
  };
  input.apps[0] = { ...input.apps[0], exec: shell('wc -c < /proc/cpuinfo') };
  const { stdout, stderr } = await pod(['run', '--rm', '-'], { root, input: JSON.stringify(input) });
  assert.equal(stdout.trim(), '0', stderr);
});

test('everything of an app is born into its own namespace, each time anew', async () => {
  const command = 'trap "exit 3" TERM; echo started $$; while :; do sleep 0.1; done';
  const restart = { policy: 'on-failure', backoff: { initial: '1ms' } };
  const hooks = { preStart: shell('echo pre $$'), postStart: shell('read -r name < /proc/1/comm; echo post $name') };
  const input = manifest('own', command, { restart, hooks });
  await pod(['run', '-d', '-'], { root, input });
  const seen = async (app: string): Promise<string[]> => {
    const { stdout } = await pod(
      ['exec', '-a', app, 'own', '--', ...shell('cat /proc/1/comm; readlink /proc/self/ns/pid')],
      {
        root,
      },
    );
    return stdout.trim().split('\n');
  };
  const [first, other] = [await seen('first'), await seen('other')];
  assert.deepEqual([first[0], other[0]], ['sh', 'sleep']);
  assert.notEqual(first[1], other[1]);
  const { apps } = await statusOf(root, 'own');
  assert.match(readFileSync(`/proc/${apps[0]!.pid}/comm`, 'utf8'), /^sh$/m);
  const lines = async (): Promise<string[]> => {
    const { stdout, stderr } = await pod(['logs', '-a', 'first', 'own'], { root });
    return [...`${stdout}\n${stderr}`.matchAll(/\b(?:pre|started|post) \S+/g)].map(([line]) => line).sort();
  };
  // Who is PID 1 does not even hear of a signal before it has asked for it.
  await eventually(async () => assert.deepEqual(await lines(), ['post sh', 'pre 1', 'started 1']));
  await pod(['kill', '-s', 'SIGTERM', '-a', 'first', 'own'], { root });
  const twice = ['post sh', 'post sh', 'pre 1', 'pre 1', 'started 1', 'started 1'];
  await eventually(async () => assert.deepEqual(await lines(), twice));
  assert.equal((await seen('first'))[0], 'sh');
  await pod(['rm', '--force', 'own'], { root });
});

test('the end of an app is the end of all it left behind', async () => {
  const input = manifest('left', '(sleep 1000 &) ; echo left');
  await pod(['run', '-d', '-'], { root, input });
  await eventually(async () => assert.equal((await statusOf(root, 'left')).apps[0]!.state, 'exited'));
  const { stdout } = await pod(['top', 'left', '-o', 'json'], { root });
  const apps = (JSON.parse(stdout) as { app: string | null }[]).map(({ app }) => app);
  assert.deepEqual([apps.includes('first'), apps.includes('other')], [false, true]);
  await pod(['rm', '--force', 'left'], { root });
});
