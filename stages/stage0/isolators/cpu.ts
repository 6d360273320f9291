import { PodError } from '../error.ts';
import { CPU_PATTERN, parseMillicores } from '../manifest/quantity.ts';
import { requireController } from './controllers.ts';
import { lookForUclamp, readUclamp, UCLAMP_PROPERTIES, type UclampValue, uclampWrites } from './cpu-uclamp.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type {
  CgroupWrite,
  ControlFile,
  Draft,
  InForce,
  InForceSource,
  Isolator,
  IsolatorContext,
  JsonSchema,
} from './isolator.ts';

export interface CpuValue extends UclampValue {
  readonly request?: string | number;
  readonly limit?: string | number;
  readonly burst?: string | number;
  readonly default?: false;
}

/** The scheduler's period: what a new cgroup has, and Kubernetes'. */
const PERIOD_US = 100_000;
/** kernel/sched/core.c, min_cfs_quota_period: quotas below a millisecond are EINVAL. */
const MIN_QUOTA_US = 1000;
/** kernel/sched/sched.h: MIN_SHARES, MAX_SHARES. */
export const MIN_SHARES = 2;
export const MAX_SHARES = 262_144;
export const SHARES_PER_CORE = 1024;
/** kernel/sched/sched.h: CGROUP_WEIGHT_MIN, _DFL and _MAX. */
const MIN_WEIGHT = 1;
const WEIGHT_PER_CORE = 100;
const MAX_WEIGHT = 10_000;

const QUOTA_FILE = { 1: 'cpu.cfs_quota_us', 2: 'cpu.max' } as const;
const BURST_FILE = { 1: 'cpu.cfs_burst_us', 2: 'cpu.max.burst' } as const;

const QUANTITY: JsonSchema = { type: ['string', 'number'], pattern: CPU_PATTERN, minimum: 0 };

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'CPU time. The request is a share that applies when the processors are busy; the limit is never exceeded. Cores are given as a number ("2", "0.5") or in thousandths ("500m").',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    request: {
      ...QUANTITY,
      description: 'Minimum cores of the app or pod, relative to others, when all compete. Default: the limit.',
    },
    limit: {
      ...QUANTITY,
      description:
        'Cores it may use before it is throttled, over periods of 100 ms. At least "10m". Default: no limit.',
    },
    burst: {
      ...QUANTITY,
      description:
        'Cores it may use above the limit in a period, from time left unused before. At most the limit. Default: none.',
    },
    ...UCLAMP_PROPERTIES,
    default: { const: false, description: 'Written by the tools of appc; ignored.' },
  },
};

/** Cores → version 1's weight, as Kubernetes does: 1024 a core. */
export function cpuShares(millicores: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((millicores * SHARES_PER_CORE) / 1000)));
}

/** Cores → version 2's weight. */
export function cpuWeight(millicores: number): number {
  return sharesToWeight(cpuShares(millicores));
}

/** In proportion, so that 1024 of the one is 100 of the other: each is what a cgroup has that asks for nothing. */
export function sharesToWeight(shares: number): number {
  return Math.min(MAX_WEIGHT, Math.max(MIN_WEIGHT, Math.round((shares * WEIGHT_PER_CORE) / SHARES_PER_CORE)));
}

function cpuQuota(millicores: number): number {
  return Math.max(MIN_QUOTA_US, (millicores * PERIOD_US) / 1000);
}

function lower(value: CpuValue, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'cpu', CPU.name);
  const limit = read(value, 'limit', context);
  const request = read(value, 'request', context) ?? limit;
  if (limit !== undefined && request !== undefined && request > limit) {
    throw new PodError(
      'manifest/schema',
      `request "${value.request}" of cpu: it is above the limit, "${value.limit}"`,
      {
        at: context.atOf('/request'),
      },
    );
  }
  if (request !== undefined) draft.cgroup.push(requestWrite(version, request, value, context));
  if (limit !== undefined) draft.cgroup.push(limitWrite(version, limit, value, context));
  if (value.burst !== undefined) draft.cgroup.push(burstWrite(version, limit, value, context));
  draft.cgroup.push(...uclampWrites(value, context));
}

function read(value: CpuValue, field: 'request' | 'limit' | 'burst', context: IsolatorContext): number | undefined {
  const quantity = value[field];
  if (quantity === undefined) return undefined;
  const millicores = parseMillicores(quantity, context.atOf(`/${field}`));
  if (field === 'limit' && millicores * PERIOD_US < MIN_QUOTA_US * 1000) {
    throw new PodError('manifest/schema', `limit cpu to "${quantity}": less than the smallest limit, "10m"`, {
      at: context.atOf('/limit'),
    });
  }
  return millicores;
}

function requestWrite(version: 1 | 2, millicores: number, value: CpuValue, context: IsolatorContext): CgroupWrite {
  const at = context.atOf('/request');
  const why = `request ${value.request ?? value.limit} of cpu`;
  const implied = value.request === undefined;
  return version === 2
    ? { controller: 'cpu', file: 'cpu.weight', value: `${cpuWeight(millicores)}`, at, why, implied, unset: '100' }
    : { controller: 'cpu', file: 'cpu.shares', value: `${cpuShares(millicores)}`, at, why, implied, unset: '1024' };
}

function limitWrite(version: 1 | 2, millicores: number, value: CpuValue, context: IsolatorContext): CgroupWrite {
  const at = context.atOf('/limit');
  const why = `limit cpu to ${value.limit}`;
  const quota = cpuQuota(millicores);
  const file = QUOTA_FILE[version];
  const bound = Number.parseInt(context.pod?.cgroup.find((write) => write.file === file)?.value ?? '', 10);
  if (quota > bound) {
    throw new PodError('manifest/schema', `${why}: the pod as a whole is limited to ${(bound * 1000) / PERIOD_US}m`, {
      at,
    });
  }
  return version === 2
    ? { controller: 'cpu', file, value: `${quota} ${PERIOD_US}`, at, why, unset: `max ${PERIOD_US}` }
    : { controller: 'cpu', file, value: `${quota}`, at, why, unset: '-1' };
}

/** The kernel's bound is the quota: EINVAL above it. */
function burstWrite(version: 1 | 2, limit: number | undefined, value: CpuValue, context: IsolatorContext): CgroupWrite {
  const at = context.atOf('/burst');
  const why = `let cpu burst by ${value.burst}`;
  const burst = read(value, 'burst', context)!;
  if (limit === undefined) {
    throw new PodError('manifest/schema', `${why}: it needs a limit`, { at, hint: 'add a "limit"' });
  }
  if (burst > limit) {
    throw new PodError('manifest/schema', `${why}: it is above the limit, "${value.limit}"`, { at });
  }
  const us = `${(burst * PERIOD_US) / 1000}`;
  const boundedBy = QUOTA_FILE[version];
  return { controller: 'cpu', file: BURST_FILE[version], value: us, at, why, unset: '0', boundedBy };
}

function readBack(source: InForceSource): InForce | undefined {
  const read = (file: ControlFile): number | 'max' | undefined => boundOf(source.control('cpu', file));
  const period = read({ 1: 'cpu.cfs_period_us' }) ?? Number(source.control('cpu', { 2: QUOTA_FILE[2] })?.split(' ')[1]);
  const cores = (us: number | 'max' | undefined): number | 'max' | undefined =>
    typeof us === 'number' ? us / Number(period) : us;
  return unlessEmpty({
    weight: read({ 2: 'cpu.weight' }),
    shares: read({ 1: 'cpu.shares' }),
    limitCores: cores(boundOf(source.control('cpu', QUOTA_FILE)?.split(' ')[0])),
    burstCores: cores(read(BURST_FILE)),
    ...readUclamp(source),
  });
}

export const CPU: Isolator<CpuValue> = {
  name: 'resource/cpu',
  example: { request: '100m', limit: '500m' },
  trials: [
    { of: 'burst', value: { limit: '500m', burst: '100m' } },
    { of: 'uclamp', value: { uclampMax: 50 } },
  ],
  scopes: ['app', 'pod'],
  schema: SCHEMA,
  look: lookForUclamp,
  lower,
  readBack,
};
