import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type Pod, run } from '../../../stages/stage0/index.ts';
import { PROBE as BUILT_PROBE } from '../../harness/paths.ts';
import { eventually } from '../../harness/eventually.ts';
import type { Check } from '../checks.ts';

type Json = Readonly<Record<string, unknown>>;

/** The guest has it where programs are; a pod of the machine's own gets it as a volume. */
const IN_GUEST = process.env['POD_GUEST'] !== undefined;
const PROBE = IN_GUEST ? '/usr/bin/probe' : '/probe';

interface App {
  readonly args: readonly string[];
  readonly isolators?: Json;
}

/** A pod of these apps for the time of `use`. */
async function withApps<Result>(
  root: string,
  apps: readonly App[],
  isolators: Json,
  use: (pod: Pod) => Promise<Result>,
  name = 'sums',
): Promise<Result> {
  const volumes = IN_GUEST ? [] : [{ name: 'probe', kind: 'host', source: BUILT_PROBE, readOnly: true }];
  const mounts = volumes.map(({ name }) => ({ volume: name, path: PROBE }));
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: 'none' } };
  const all = apps.map(({ args, isolators: own = {} }, index) => ({
    name: `app${index}`,
    image: 'host',
    exec: [PROBE, ...args],
    mounts,
    isolators: own,
  }));
  await using pod = await run({ ...manifest, volumes, isolators, apps: all }, { root });
  return await use(pod);
}

/** Each app says so when it has what it is to hold. */
function saidSomething(pod: Pod): Promise<void> {
  return eventually(async () => assert.ok(pod.apps.every((app) => pod.logs(app).length > 0)));
}

/** Used by then, an app is about its work and not only starting. */
const AT_WORK_MS = 30;
const WINDOW_MS = 1500;
const FOREVER = '1000000';

interface Shares {
  /** What each app of the pods got of a processor. */
  readonly ms: readonly number[];
  /** Of so much time. */
  readonly ofMs: number;
}

/** The kernel's own counts, of a time in which all of them are at work: whichever was started first had the processor to itself until then. With `count`, of the first apps of each pod. */
async function sharesOf(pods: readonly Pod[], count = Infinity): Promise<Shares> {
  const used = async (): Promise<number[]> => {
    const all = await Promise.all(pods.map(async (pod) => Object.values((await pod.resources())!.apps)));
    return all.flatMap((apps) => apps.slice(0, count)).map(({ usage }) => usage.cpuUsec! / 1000);
  };
  await eventually(async () => assert.ok((await used()).every((ms) => ms > AT_WORK_MS)));
  const [before, beganMs] = [await used(), performance.now()];
  await delay(WINDOW_MS);
  const [after, endedMs] = [await used(), performance.now()];
  return { ms: after.map((ms, index) => ms - before[index]!), ofMs: endedMs - beganMs };
}

/** The same in parts of a processor, once so much of it was left to them by all else that runs on the machine. */
function sharesOnceLeft(pods: readonly Pod[], atLeast: number, count?: number): Promise<number[]> {
  return eventually(async () => {
    const { ms, ofMs } = await sharesOf(pods, count);
    const shares = ms.map((each) => each / ofMs);
    const sum = shares.reduce((total, share) => total + share, 0);
    assert.ok(sum > atLeast, `only ${sum} of a processor`);
    return shares;
  });
}

/** On one processor: more would be enough for everybody. */
const ONE_PROCESSOR = { 'resource/cpuset': { cpus: '0' } };

/** What it requests, and does not use, is for its pod to have a share beside all else that runs on the machine. */
const IDLE: App = { args: ['hold'], isolators: { 'resource/cpu': { request: 2 } } };

/** `hasCpuset`: kernels without it, as the guest's, may have only one processor. */
export function sumChecks(hasCpuset: boolean): readonly Check[] {
  const shared = hasCpuset ? ONE_PROCESSOR : {};
  return [
    {
      name: 'the processor limit of the pod bounds the sum of its apps, whose own limits are higher',
      run: async (root) => {
        const busy = { args: ['burn', FOREVER], isolators: { 'resource/cpu': { limit: '300m' } } };
        const isolators = { 'resource/cpu': { limit: '300m' } };
        const [one, two] = await withApps(root, [busy, busy], isolators, (pod) => sharesOnceLeft([pod], 0.2));
        // 0.3 by the limit of the pod, 0.6 by those of its apps; and the last period that was begun.
        assert.ok(one! + two! < 0.4, `${one} and ${two} of a processor`);
      },
    },
    {
      name: 'requests share a busy processor, and a limit holds beside them',
      run: async (root) => {
        const app = (request: string, limit?: string): App => ({
          args: ['burn', FOREVER],
          isolators: { 'resource/cpu': { request, ...(limit && { limit }) } },
        });
        const shares = (...apps: readonly App[]): Promise<Shares> =>
          withApps(root, apps, shared, (pod) => sharesOf([pod]));
        const [much, little] = (await shares(app('800m'), app('200m'))).ms;
        assert.ok(much! > 2 * little! && little! > much! / 16, `${much} and ${little} ms`);
        // The request alone would give it most of the processor.
        const [limited, free] = await withApps(root, [app('100m', '100m'), app('50m'), IDLE], shared, (pod) =>
          sharesOnceLeft([pod], 0.3, 2),
        );
        assert.ok(limited! < 0.15 && free! > limited!, `${limited} and ${free} of a processor`);
      },
    },
    {
      name: 'what asks for nothing has the share of one processor',
      run: async (root) => {
        const args = ['burn', FOREVER];
        const asking = { args, isolators: { 'resource/cpu': { request: 2 } } };
        const [much, little] = (await withApps(root, [asking, { args }], shared, (pod) => sharesOf([pod]))).ms;
        assert.ok(much! > 1.3 * little! && little! > much! / 8, `${much} and ${little} ms`);
      },
    },
    {
      name: 'requests of apps hold between pods as well',
      run: async (root) => {
        const burning = (request: string): App => ({
          args: ['burn', FOREVER],
          isolators: { 'resource/cpu': { request } },
        });
        const { ms } = await withApps(
          root,
          [burning('800m')],
          shared,
          (first) => withApps(root, [burning('200m')], shared, (second) => sharesOf([first, second]), 'little'),
          'much',
        );
        const [much, little] = ms;
        assert.ok(much! > 1.5 * little! && little! > much! / 16, `${much} and ${little} ms`);
      },
    },
    {
      name: 'the memory limit of the pod bounds the sum of its apps, each of which is within its own',
      run: async (root) => {
        const isolators = { 'resource/memory': { limit: '40Mi', request: '4Mi' } };
        const tryBoth = (first: readonly string[]): Promise<boolean> =>
          withApps(
            root,
            [
              { args: first, isolators },
              { args: ['hold'], isolators },
            ],
            { 'resource/memory': { limit: '48Mi' } },
            async (pod) => {
              await saidSomething(pod);
              await pod.exec([PROBE, 'alloc', '30'], { app: 'app1' });
              // The kernel ends whichever has more.
              return (await pod.resources())?.usage.oomKills === 0;
            },
          );
        assert.deepEqual([await tryBoth(['hold']), await tryBoth(['keep', '30'])], [true, false]);
      },
    },
    {
      name: 'the process limit of the pod bounds the sum of its apps, each of which is within its own',
      run: (root) => {
        const isolators = { 'resource/pids': { limit: 30 } };
        const apps = [
          { args: ['brood', '20'], isolators },
          { args: ['hold'], isolators },
        ];
        return withApps(root, apps, { 'resource/pids': { limit: 40 } }, async (pod) => {
          await saidSomething(pod);
          const { stdout } = await pod.exec([PROBE, 'fork', '20'], { app: 'app1' });
          // 40 with init, the two apps, 20 children, and the probe that forks.
          assert.match(stdout, /^forked 1[0-9]: EAGAIN$/m);
        });
      },
    },
  ];
}

const STATISTICS = 'cd /sys/fs/cgroup; cat cpu.stat cpu/cpu.stat 2>&1; :';
const MAX_ROUNDS = 30;

/** What a period leaves of a limit. */
export const BURST_CHECKS: readonly Check[] = [
  {
    name: 'an app gets more than its limit for a moment, by its burst, from what it has left before',
    run: async (root) => {
      const bursts = async (burst: Json): Promise<number> => {
        const app = { args: ['hold'], isolators: { 'resource/cpu': { limit: '200m', ...burst } } };
        return withApps(root, [app, IDLE], {}, async (pod) => {
          const run = (script: string): Promise<{ stdout: string }> =>
            pod.exec(['/bin/sh', '-c', script], { app: 'app0' });
          // What a period leaves is kept only while something runs in each.
          const script = `for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.05; done; ${PROBE} burn 200`;
          let count = 0;
          // On a busy machine a period now and then leaves nothing.
          const isEnough = (rounds: number): boolean => rounds >= ('burst' in burst ? MAX_ROUNDS : 3) || count > 0;
          for (let rounds = 0; !isEnough(rounds); rounds++) {
            await run(script);
            const { stdout } = await run(STATISTICS);
            count = Number(/^nr_bursts (\d+)$/m.exec(stdout)?.[1]);
          }
          return count;
        });
      };
      assert.equal(await bursts({}), 0);
      const used = await bursts({ burst: '200m' });
      assert.ok(used > 0, `${used} bursts`);
    },
  },
];
