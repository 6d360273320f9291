import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { readCgroupFacts } from '../../../stages/stage0/cgroup/hierarchies.ts';
import { type Pod, PodError, PodErrors, run } from '../../../stages/stage0/index.ts';
import { restartPod } from '../../../stages/stage0/launch/control.ts';
import { readEvents } from '../../../stages/stage0/pod/events.ts';
import { podPath } from '../../../stages/stage0/pod/layout.ts';
import { eventually } from '../../harness/eventually.ts';
import { PROBE as BUILT_PROBE } from '../../harness/paths.ts';
import type { Check } from '../checks.ts';

type Json = Readonly<Record<string, unknown>>;

/** The guest has it where programs are; a pod of the machine's own gets it as a volume. */
const IN_GUEST = process.env['POD_GUEST'] !== undefined;
const PROBE = IN_GUEST ? '/usr/bin/probe' : '/probe';

interface Limited {
  readonly app: Json;
  readonly pod?: Json;
  /** Arguments of the probe, which is the app. */
  readonly args?: readonly string[];
  readonly restart?: Json;
}

/** A pod whose app waits, with these isolators, for the time of `use`. */
async function withPod(root: string, limited: Limited, use: (pod: Pod) => Promise<void>): Promise<void> {
  const { app, pod: isolators = {}, args = ['hold'], restart } = limited;
  const volumes = IN_GUEST ? [] : [{ name: 'probe', kind: 'host', source: BUILT_PROBE, readOnly: true }];
  const mounts = volumes.map(({ name }) => ({ volume: name, path: PROBE }));
  const one = {
    name: 'app',
    image: 'host',
    exec: [PROBE, ...args],
    mounts,
    isolators: app,
    ...(restart && { restart }),
  };
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'updated' }, network: { mode: 'none' } };
  await using pod = await run({ ...manifest, volumes, isolators, apps: [one] }, { root });
  await use(pod);
}

async function probe(pod: Pod, ...args: string[]): Promise<string> {
  const { exitCode, stdout } = await pod.exec([PROBE, ...args]);
  return exitCode === 0 ? stdout.trim() : `exit ${exitCode}`;
}

const LIMITS = /(max|limit_in_bytes|quota_us|burst_us|shares|weight|low|min|high|burst|cpus|mems)$/;

/** What every control file that holds a limit of the pod or its app has now, by its path. */
function limitsOf(pod: Pod): Json {
  const directories = readCgroupFacts().hierarchies.flatMap(({ mountPoint }) => [
    `${mountPoint}/pod-${pod.uuid}`,
    `${mountPoint}/pod-${pod.uuid}/app-app`,
  ]);
  const paths = directories.flatMap((directory) => namesIn(directory).map((name) => `${directory}/${name}`));
  return Object.fromEntries(paths.filter((path) => LIMITS.test(path)).map((path) => [path, textOf(path)]));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return `${(error as NodeJS.ErrnoException).code}`;
  }
}

/** Codes and messages of what is refused. */
async function refusal(refused: Promise<unknown>): Promise<string> {
  try {
    await refused;
  } catch (error) {
    const errors = error instanceof PodErrors ? error.errors : [error];
    return errors.map((each) => (each instanceof PodError ? `${each.code} ${each.message}` : String(each))).join('\n');
  }
  return 'accepted';
}

function manifestOf(root: string, pod: Pod): string {
  return readFileSync(`${podPath(root, 'run', pod.uuid)}/manifest.yaml`, 'utf8');
}

const MEMORY = 'app/app/resource/memory.limit';

/** What a process got of a processor, in percent. */
async function burned(pod: Pod): Promise<number> {
  const [, ms, of] = /^burned (\d+) ms of (\d+)$/.exec(await probe(pod, 'burn', '1000'))!.map(Number);
  return (100 * ms!) / of!;
}

export const UPDATE_CHECKS: readonly Check[] = [
  {
    name: 'an allocation that was killed succeeds once the memory limit is raised, and is killed when it is lowered again',
    run: (root) =>
      withPod(root, { app: { 'resource/memory': { limit: '16Mi' } } }, async (pod) => {
        assert.equal(await probe(pod, 'alloc', '32'), 'exit 137');
        const changes = await pod.update({ [MEMORY]: '64Mi' });
        assert.deepEqual(changes, [{ key: MEMORY, from: '16Mi', to: '64Mi' }]);
        assert.equal(await probe(pod, 'alloc', '32'), 'allocated 32 MB');
        await pod.update({ [MEMORY]: '16Mi' });
        assert.equal(await probe(pod, 'alloc', '32'), 'exit 137');
      }),
  },
  {
    name: 'a limit of processes that is lowered bites at once',
    run: (root) =>
      withPod(root, { app: {}, pod: { 'resource/pids': { limit: 60 } } }, async (pod) => {
        assert.equal(await probe(pod, 'fork', '30'), 'forked 30: ok');
        await pod.update({ 'pod/resource/pids.limit': 20 });
        assert.match(await probe(pod, 'fork', '30'), /^forked 1[0-9]: EAGAIN$/);
        assert.equal((await pod.resources())?.inForce['resource/pids']?.['limit'], 20);
      }),
  },
  {
    name: 'a processor limit that is lowered to an eighth leaves a busy process less than half of what it had',
    run: (root) =>
      withPod(root, { app: { 'resource/cpu': { limit: '800m' } } }, async (pod) => {
        // As much as others leave of the machine.
        const before = await eventually(async () => {
          const share = await burned(pod);
          assert.ok(share > 25, `${share} %`);
          return share;
        });
        await pod.update({ 'app/app/resource/cpu.limit': '100m' });
        const after = await burned(pod);
        assert.ok(after < before / 2, `${before} %, then ${after} %`);
        assert.ok(Number((await pod.resources())?.apps['app']?.usage.cpuThrottledUsec) > 0);
      }),
  },
  {
    name: 'the limits of a pod and its app go up and down together, whichever bounds the other',
    run: (root) => {
      const both = (cpu: string, memory: string): Json => ({
        'pod/resource/cpu.limit': cpu,
        'pod/resource/memory.limit': memory,
        'app/app/resource/cpu.limit': cpu,
        'app/app/resource/memory.limit': memory,
      });
      const small: Json = { 'resource/cpu': { limit: '300m' }, 'resource/memory': { limit: '32Mi' } };
      return withPod(root, { app: small, pod: small }, async (pod) => {
        const before = limitsOf(pod);
        await pod.update(both('600m', '64Mi'));
        assert.notDeepEqual(limitsOf(pod), before);
        assert.equal((await pod.resources())?.apps['app']?.inForce['resource/cpu']?.['limitCores'], 0.6);
        await pod.update(both('300m', '32Mi'));
        assert.deepEqual(limitsOf(pod), before);
      });
    },
  },
  {
    name: 'what is refused leaves every file, the manifest and the journal as they were',
    run: (root) =>
      withPod(
        root,
        { app: { 'resource/memory': { limit: '64Mi' } }, pod: { 'resource/memory': { limit: '64Mi' } } },
        async (pod) => {
          const before = [limitsOf(pod), manifestOf(root, pod)];
          const fixed = await refusal(
            pod.update({ [MEMORY]: '32Mi', 'app/app/os/linux/rlimits.nofile': 9, 'app/x/a.b': 1 }),
          );
          assert.match(fixed, /^pod\/fixed .*\npod\/app-not-found /);
          assert.match(await refusal(pod.update({ [MEMORY]: '128Mi' })), /^manifest\/schema set ".*the pod as a whole/);
          assert.match(
            await refusal(pod.update({ 'pod/resource/memory.limit': '32Mi' })),
            /^manifest\/schema app "app"/,
          );
          assert.match(await refusal(pod.update({ [MEMORY]: 'much' })), /^manifest\/schema set "app/);
          assert.deepEqual([limitsOf(pod), manifestOf(root, pod)], before);
          assert.ok(readEvents(podPath(root, 'run', pod.uuid)).every(({ e }) => e !== 'pod-updated'));
        },
      ),
  },
  {
    name: 'when the kernel refuses a value, those that were written before it are put back',
    run: (root) => {
      const app = { 'resource/memory': { limit: '64Mi' }, 'resource/cpu': { limit: '500m' } };
      return withPod(root, { app, args: ['keep', '24'] }, async (pod) => {
        await eventually(async () => assert.match(pod.logs()[0]?.text ?? '', /^allocated/));
        const before = [limitsOf(pod), manifestOf(root, pod)];
        // The processor's limit widens, so that it is written first.
        const refused = pod.update({ 'app/app/resource/cpu.limit': '900m', [MEMORY]: '8Mi' });
        assert.match(await refusal(refused), /^host\/refused limit memory to 8Mi.*(busy|cannot be reclaimed)/);
        assert.deepEqual([limitsOf(pod), manifestOf(root, pod)], before);
        assert.equal(pod.status()?.apps[0]?.state, 'running');
      });
    },
  },
  {
    name: 'an update outlives a restart of the app, and the manifest and the journal have it',
    run: (root) =>
      withPod(root, { app: { 'resource/memory': { limit: '16Mi' } }, restart: { policy: 'always' } }, async (pod) => {
        await pod.update({ [MEMORY]: '64Mi', 'app/app/resource/memory.request': '1Mi' });
        const path = podPath(root, 'run', pod.uuid);
        await restartPod(path, 'app', 0);
        await eventually(async () =>
          assert.deepEqual([pod.status()?.apps[0]?.state, pod.status()?.apps[0]?.restarts], ['running', 1]),
        );
        assert.equal(await probe(pod, 'alloc', '32'), 'allocated 32 MB');
        assert.match(manifestOf(root, pod), /"limit": "64Mi",\s*"request": "1Mi"/);
        const updated = readEvents(path).find((event) => event.e === 'pod-updated');
        assert.deepEqual(updated?.changes[1], { key: 'app/app/resource/memory.request', from: null, to: '1Mi' });
      }),
  },
];
