import { mapAll, PodError, tryAll } from '../error.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import { DISK_PATH, refuseUnnested, requireBlock, requireDisks } from './block-limits.ts';
import { findController, lookForControl, refuseWithoutControl } from './controllers.ts';
import { findingOf } from './finding.ts';
import { boundOf, linesOf, unlessEmpty } from './in-force.ts';
import type { CgroupWrite, Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

export interface IoValue {
  readonly weight?: number;
  readonly latency?: readonly { readonly path: string; readonly target: string }[];
}

/** With CONFIG_BLK_CGROUP_IOLATENCY, which distributions leave out. */
const LATENCY_FILE = 'io.latency';
const SYS_BLOCK = '/sys/block';
const DEFAULT_WEIGHT = 100;
const MAX_WEIGHT = 10_000;
const MAX_BFQ_WEIGHT = 1000;

const SCHEMA: JsonSchema = {
  type: 'object',
  description: 'How busy disks are shared.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    weight: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_WEIGHT,
      description:
        'The weight on busy disks; others have 100. Needs a disk with the bfq scheduler, or on cgroup version 2 with `io.cost.qos` enabled.',
    },
    latency: {
      type: 'array',
      minItems: 1,
      description:
        'Target latencies: others are slowed down when operations take longer. Each disk is found from a `path` on it: `{path: /var/lib/db, target: 10ms}`. cgroup version 2 only.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['path', 'target'],
        properties: {
          path: DISK_PATH,
          target: {
            type: 'string',
            pattern: '^[1-9][0-9]{0,5}(us|ms|s)$',
            'x-expects': 'a duration: a number and a unit, as in "500us" or "10ms"',
            description: 'The target for the mean latency over a window of half a second or more.',
          },
        },
      },
    },
  },
};

function look({ weight, latency = [] }: IoValue, host: HostFacts): Look[] {
  const isUnified = findController(host, 'io') !== undefined;
  const looks: Look[] = [
    ...latency.map(({ path }) => `disk ${path}` as const),
    ...(latency.length > 0 && isUnified ? lookForControl(host, 'io', LATENCY_FILE) : []),
  ];
  if (weight === undefined) return looks;
  const unified = findController(host, 'io');
  return [...looks, `disks ${SYS_BLOCK}`, ...(unified ? [costOf(unified.mountPoint)] : [])];
}

function costOf(mountPoint: string): `text ${string}` {
  return `text ${mountPoint}/io.cost.qos`;
}

function lower(value: IoValue, draft: Draft, context: IsolatorContext): void {
  const version = requireBlock(context, IO.name);
  const { weight, latency = [] } = value;
  const targets = new Map<string, CgroupWrite>();
  tryAll(
    () => refuseUnnested(draft, context, version),
    () => weight !== undefined && draft.cgroup.push(...weightWrites(weight, version, context)),
    () =>
      mapAll(latency.entries(), ([index, { path, target }]) => {
        const writes = latencyWrites(path, target, `/latency/${index}`, version, context);
        for (const write of writes) addTarget(targets, write);
      }),
  );
  draft.cgroup.push(...targets.values());
}

/** A queue has one target. */
function addTarget(targets: Map<string, CgroupWrite>, write: CgroupWrite): void {
  const other = targets.get(write.key!);
  if (other && other.value !== write.value) {
    throw new PodError('manifest/duplicate', `${write.why}: disk ${write.key} has another target already`, {
      at: write.at,
      hint: `the other one is on line ${other.at?.line}`,
    });
  }
  targets.set(write.key!, write);
}

/** A weight nobody looks at would be accepted, and do nothing. */
function weightWrites(weight: number, version: 1 | 2, context: IsolatorContext): CgroupWrite[] {
  const at = context.atOf('/weight');
  const why = `weigh input and output at ${weight}`;
  const disks = findingOf(context.host, 'disks', SYS_BLOCK) ?? [];
  const writes: CgroupWrite[] = [];
  if (version === 2 && hasCost(context.host)) {
    writes.push({ controller: 'io', file: 'io.weight', value: `${weight}`, at, why, key: 'default', unset: '100' });
  }
  if (disks.some(({ scheduler }) => scheduler === 'bfq')) {
    const controller = version === 2 ? 'io' : 'blkio';
    const value = `${bfqWeight(weight)}`;
    writes.push({ controller, file: `${controller}.bfq.weight`, value, at, why, key: 'default', unset: '100' });
  }
  if (writes.length > 0) return writes;
  const first = disks[0]?.name ?? 'sda';
  throw new PodError('host/unsupported', `${why}: no disk of the host has a scheduler that supports weights`, {
    at,
    hint: `echo bfq > ${SYS_BLOCK}/${first}/queue/scheduler`,
  });
}

function hasCost(host: HostFacts): boolean {
  const text = findingOf(host, 'text', costOf(findController(host, 'io')!.mountPoint).slice('text '.length));
  return text?.includes('enable=1') ?? false;
}

/** 100 is the default of both scales; above it 10000 becomes 1000, as systemd does. */
export function bfqWeight(weight: number): number {
  if (weight <= DEFAULT_WEIGHT) return weight;
  const part = (weight - DEFAULT_WEIGHT) / (MAX_WEIGHT - DEFAULT_WEIGHT);
  return DEFAULT_WEIGHT + Math.floor(part * (MAX_BFQ_WEIGHT - DEFAULT_WEIGHT));
}

/** `default 100`, or the number alone; lines of single disks may follow. */
function weightOf(text: string | undefined): number | 'max' | undefined {
  return boundOf(text?.split('\n')[0]?.replace('default ', ''));
}

const MICROSECONDS: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1_000_000 };

function latencyWrites(
  path: string,
  target: string,
  pointer: string,
  version: 1 | 2,
  context: IsolatorContext,
): CgroupWrite[] {
  const at = context.atOf(`${pointer}/target`);
  const why = `keep operations below ${target} on the disk of "${path}"`;
  if (version === 1) throw new PodError('host/unsupported', `${why}: cgroup version 1 cannot`, { at });
  refuseWithoutControl(context, { controller: 'io', file: LATENCY_FILE, what: why, at });
  const { queues } = requireDisks(path, why, context.atOf(`${pointer}/path`), context);
  const [, amount, unit] = /^(\d+)(us|ms|s)$/.exec(target)!;
  const microseconds = Number(amount) * MICROSECONDS[unit!]!;
  return queues.map((device) => ({
    controller: 'io',
    file: LATENCY_FILE,
    value: `${device} target=${microseconds}`,
    at,
    why,
    key: device,
    unset: `${device} target=0`,
  }));
}

export const IO: Isolator<IoValue> = {
  name: 'resource/io',
  example: { weight: 200 },
  trials: [{ of: 'latency', value: { latency: [{ path: '/', target: '10ms' }] } }],
  scopes: ['app', 'pod'],
  schema: SCHEMA,
  look,
  lower,
  readBack: ({ control }) =>
    unlessEmpty({
      weight: weightOf(control('io', { 2: 'io.weight' })),
      bfqWeight: weightOf(control('io', { 2: 'io.bfq.weight' }) ?? control('blkio', { 1: 'blkio.bfq.weight' })),
      latency: linesOf(control('io', { 2: LATENCY_FILE })),
    }),
};
