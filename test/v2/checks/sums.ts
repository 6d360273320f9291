import assert from 'node:assert/strict';
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

/** A pod of these apps, each of which has said something, for the time of `use`. */
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
  await eventually(async () => assert.ok(pod.apps.every((app) => pod.logs(app).length > 0)));
  return await use(pod);
}

/** What each of these apps wrote first. */
function linesOf(root: string, apps: readonly App[], isolators: Json, name?: string): Promise<string[]> {
  const use = async (pod: Pod): Promise<string[]> => {
    await pod.exit;
    return pod.apps.map((app) => pod.logs(app)[0]!.text);
  };
  return withApps(root, apps, isolators, use, name);
}

function burnedMs(line: string): number {
  return Number(/burned (\d+) ms/.exec(line)?.[1]);
}

/** On one processor: more would be enough for everybody. */
const ONE_PROCESSOR = { 'resource/cpuset': { cpus: '0' } };

/** `hasCpuset`: kernels without it, as the guest's, may have only one processor. */
export function sumChecks(hasCpuset: boolean): readonly Check[] {
  const shared = hasCpuset ? ONE_PROCESSOR : {};
  return [
    {
      name: 'the processor limit of the pod bounds the sum of its apps, whose own limits are higher',
      run: async (root) => {
        const busy = { args: ['burn', '600'], isolators: { 'resource/cpu': { limit: '300m' } } };
        const lines = await linesOf(root, [busy, busy], { 'resource/cpu': { limit: '300m' } });
        const total = lines.reduce((sum, line) => sum + burnedMs(line), 0);
        // 180 ms by the limit of the pod, 360 by those of its apps; a period's worth of slack for the first one.
        assert.ok(total > 60 && total < 290, lines.join('\n'));
      },
    },
    {
      name: 'requests share a busy processor, and a limit holds beside them',
      run: async (root) => {
        const app = (request: string, limit?: string): App => ({
          args: ['burn', '900'],
          isolators: { 'resource/cpu': { request, ...(limit && { limit }) } },
        });
        const [much, little] = (await linesOf(root, [app('800m'), app('200m')], shared)).map(burnedMs);
        assert.ok(much! > 2 * little! && little! > 60, `${much} and ${little} ms`);
        // The request alone would give it most of the processor.
        const [limited, free] = (await linesOf(root, [app('200m', '200m'), app('100m')], shared)).map(burnedMs);
        assert.ok(limited! < 320 && free! > limited!, `${limited} and ${free} ms`);
      },
    },
    {
      name: 'what asks for nothing has the share of one processor',
      run: async (root) => {
        const args = ['burn', '900'];
        const asking = { args, isolators: { 'resource/cpu': { request: 2 } } };
        const [much, little] = (await linesOf(root, [asking, { args }], shared)).map(burnedMs);
        assert.ok(much! > 1.3 * little! && little! > 60, `${much} and ${little} ms`);
      },
    },
    {
      name: 'requests of apps hold between pods as well',
      run: async (root) => {
        const burn = async (name: string, request: string): Promise<number> => {
          // Long beside the time between their starts, in which the first has the processor to itself.
          const app = { args: ['burn', '3000'], isolators: { 'resource/cpu': { request } } };
          return burnedMs((await linesOf(root, [app], shared, name))[0]!);
        };
        const [much, little] = await Promise.all([burn('much', '800m'), burn('little', '200m')]);
        assert.ok(much > 1.5 * little && little > 60, `${much} and ${little} ms`);
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
          const { stdout } = await pod.exec([PROBE, 'fork', '20'], { app: 'app1' });
          // 40 with init, the two apps, 20 children, and the probe that forks.
          assert.match(stdout, /^forked 1[0-9]: EAGAIN$/m);
        });
      },
    },
  ];
}

/** What a period leaves of a limit. */
export const BURST_CHECKS: readonly Check[] = [
  {
    name: 'an app gets more than its limit for a moment, by its burst, from what it has left before',
    run: async (root) => {
      const bursts = async (burst: Json): Promise<number> => {
        const app = { args: ['hold'], isolators: { 'resource/cpu': { limit: '200m', ...burst } } };
        return withApps(root, [app], {}, async (pod) => {
          // What a period leaves is kept only while something runs in each.
          const script = `for i in 1 2 3 4 5 6 7 8 9 10; do sleep 0.05; done; ${PROBE} burn 200`;
          for (let round = 0; round < 3; round++) await pod.exec(['/bin/sh', '-c', script]);
          const { stdout } = await pod.exec(['/bin/sh', '-c', `cd /sys/fs/cgroup; cat cpu.stat cpu/cpu.stat 2>&1; :`]);
          return Number(/^nr_bursts (\d+)$/m.exec(stdout)?.[1]);
        });
      };
      assert.equal(await bursts({}), 0);
      const used = await bursts({ burst: '200m' });
      assert.ok(used > 0, `${used} bursts`);
    },
  },
];
