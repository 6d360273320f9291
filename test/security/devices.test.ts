import assert from 'node:assert/strict';
import { lstatSync, readdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { execa } from 'execa';
import { cliEnvironment, commandLine, pod } from '../harness/pod-cli.ts';
import { PROBE_INSIDE, runProbePod, startHoldingPod } from '../harness/probe-pod.ts';
import { useTempRoot } from '../harness/temp-root.ts';
import { useHostWatch } from './host-watch.ts';

const root = useTempRoot();
useHostWatch();

const NO_NETWORK = { network: { mode: 'none' } };
/** Root of the pod is the host's: what the kernel lets it do to the host's own device nodes is what the mounts let it do. */
const HOST_IDS = { ...NO_NETWORK, userns: 'host' };
const EVERYTHING = {
  isolators: {
    'os/linux/capabilities-retain-set': { set: ['CAP_MKNOD', 'CAP_CHOWN', 'CAP_FOWNER', 'CAP_DAC_OVERRIDE'] },
  },
};

type Outcomes = Readonly<Record<string, string>>;

function parse({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): Outcomes {
  assert.ok(stdout.startsWith('{'), stderr || stdout);
  return JSON.parse(stdout) as Outcomes;
}

/** What succeeded: each is one too many. */
function succeeded(outcomes: Outcomes): string[] {
  assert.equal(Object.keys(outcomes).length, 12);
  return Object.keys(outcomes).filter((name) => outcomes[name] === 'ok');
}

const nodes = (): string[] =>
  readdirSync('/dev').map((name) => {
    const { mode, uid, gid, rdev } = lstatSync(`/dev/${name}`);
    return [name, mode, uid, gid, rdev].join(' ');
  });
let nodesBefore: string[];
before(() => {
  nodesBefore = nodes();
});
after(() => assert.deepEqual(nodes(), nodesBefore));

for (const [name, podFields, app] of [
  ['of a default pod', NO_NETWORK, {}],
  ['of a pod without a user namespace', HOST_IDS, {}],
  ['of a pod without a user namespace that may make nodes', HOST_IDS, EVERYTHING],
] as const) {
  test(`root ${name} changes no device node, and replaces none`, async () => {
    const result = await runProbePod(root, { name: 'tampers', args: ['devices'], app, pod: podFields });
    assert.deepEqual(succeeded(parse(result)), []);
  });
}

test('nor does a command of exec, through the streams it is given', async () => {
  await startHoldingPod(root, { name: 'held', pod: HOST_IDS });
  const tampers = ['exec', 'held', '--', PROBE_INSIDE, 'devices'];
  assert.deepEqual(succeeded(parse(await pod(tampers, { root }))), []);
  // The mode it has: where it succeeds nothing is changed.
  const script = 'for fd in 0 1 2; do chmod 666 /proc/self/fd/$fd && exit 1; done; exit 0';
  const { exitCode } = await execa(
    process.execPath,
    commandLine(['exec', '-i', 'held', '--', '/bin/sh', '-c', script], root),
    { stdio: 'ignore', env: cliEnvironment(), extendEnv: false, reject: false },
  );
  assert.equal(exitCode, 0);
});
