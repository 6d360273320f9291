import { mapAll, PodError, tryAll } from '../error.ts';
import { CPU_PATTERN, parseMillicores } from '../manifest/quantity.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import { findController, lookForControl, refuseWithoutControl, requireController } from './controllers.ts';
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
import type { OfImage } from './of-image.ts';

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
/** kernel/sched/core.c, max_cfs_runtime: MAX_BW, in microseconds. */
const MAX_QUOTA_US = 2 ** 44 - 1;
/** kernel/sched/sched.h: MIN_SHARES, MAX_SHARES. */
export const MIN_SHARES = 2;
export const MAX_SHARES = 262_144;
export const SHARES_PER_CORE = 1024;
/** kernel/sched/sched.h: CGROUP_WEIGHT_MIN, _DFL and _MAX. */
const MIN_WEIGHT = 1;
const WEIGHT_PER_CORE = 100;
const MAX_WEIGHT = 10_000;

const QUOTA_FILE = { 1: 'cpu.cfs_quota_us', 2: 'cpu.max' } as const;
/** Since Linux 5.14. */
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

function look(value: CpuValue, host: HostFacts): Look[] {
  const found = value.burst === undefined ? undefined : findController(host, 'cpu');
  return [...lookForUclamp(value), ...(found ? lookForControl(host, 'cpu', BURST_FILE[found.version]) : [])];
}

function lower(value: CpuValue, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'cpu', CPU.name);
  tryAll(
    () => draft.cgroup.push(...timeWrites(value, version, context)),
    () => draft.cgroup.push(...uclampWrites(value, context)),
  );
}

/** Of what is wrong with one quantity beside another, all; but only of quantities that are some. */
function timeWrites(value: CpuValue, version: 1 | 2, context: IsolatorContext): CgroupWrite[] {
  const [limit, request = limit, burst] = mapAll(['limit', 'request', 'burst'] as const, (field) =>
    read(value, field, context),
  );
  const writes: CgroupWrite[] = [];
  tryAll(
    () => request !== undefined && writes.push(requestWrite(version, { request, limit }, value, context)),
    () => limit !== undefined && writes.push(limitWrite(version, limit, value, context)),
    () => burst !== undefined && writes.push(burstWrite(version, { burst, limit }, value, context)),
  );
  return writes;
}

function read(value: CpuValue, field: 'request' | 'limit' | 'burst', context: IsolatorContext): number | undefined {
  const quantity = value[field];
  if (quantity === undefined) return undefined;
  const millicores = parseMillicores(quantity, context.atOf(`/${field}`));
  if (field !== 'limit') return millicores;
  const us = (millicores * PERIOD_US) / 1000;
  if (us >= MIN_QUOTA_US && us <= MAX_QUOTA_US) return millicores;
  const bound =
    us < MIN_QUOTA_US
      ? 'less than the smallest limit, "10m"'
      : `more than the largest limit, "${Math.floor(MAX_QUOTA_US / PERIOD_US)}"`;
  throw new PodError('manifest/schema', `limit cpu to "${quantity}": ${bound}`, { at: context.atOf('/limit') });
}

/** What the pod as a whole is limited to; an app cannot use more. */
function podQuotaUs(version: 1 | 2, { pod }: IsolatorContext): number | undefined {
  const write = pod?.cgroup.find(({ file }) => file === QUOTA_FILE[version]);
  return write && Number.parseInt(write.value, 10);
}

function showMillicores(us: number): string {
  return `${(us * 1000) / PERIOD_US}m`;
}

function checkRequest(version: 1 | 2, { request, limit }: Asked, value: CpuValue, context: IsolatorContext): void {
  const bound = podQuotaUs(version, context) ?? Infinity;
  const above =
    request > (limit ?? Infinity)
      ? `it is above the limit, "${value.limit}"`
      : cpuQuota(request) > bound && `the pod as a whole is limited to ${showMillicores(bound)}`;
  if (above === false) return;
  throw new PodError('manifest/schema', `request "${value.request}" of cpu: ${above}`, {
    at: context.atOf('/request'),
  });
}

/** In millicores. */
interface Asked {
  readonly request: number;
  readonly limit: number | undefined;
}

function requestWrite(version: 1 | 2, asked: Asked, value: CpuValue, context: IsolatorContext): CgroupWrite {
  const at = context.atOf('/request');
  const why = `request ${value.request ?? value.limit} of cpu`;
  const implied = value.request === undefined;
  const millicores = asked.request;
  // What a limit implies is as the limit is, which is judged itself.
  if (!implied) checkRequest(version, asked, value, context);
  return version === 2
    ? { controller: 'cpu', file: 'cpu.weight', value: `${cpuWeight(millicores)}`, at, why, implied, unset: '100' }
    : { controller: 'cpu', file: 'cpu.shares', value: `${cpuShares(millicores)}`, at, why, implied, unset: '1024' };
}

function limitWrite(version: 1 | 2, millicores: number, value: CpuValue, context: IsolatorContext): CgroupWrite {
  const at = context.atOf('/limit');
  const why = `limit cpu to ${value.limit}`;
  const quota = cpuQuota(millicores);
  const file = QUOTA_FILE[version];
  const bound = podQuotaUs(version, context) ?? Infinity;
  if (quota > bound) {
    throw new PodError('manifest/schema', `${why}: the pod as a whole is limited to ${showMillicores(bound)}`, { at });
  }
  return version === 2
    ? { controller: 'cpu', file, value: `${quota} ${PERIOD_US}`, at, why, unset: `max ${PERIOD_US}` }
    : { controller: 'cpu', file, value: `${quota}`, at, why, unset: '-1' };
}

/** The kernel's bound is the quota: EINVAL above it. */
function burstWrite(
  version: 1 | 2,
  { burst, limit }: { readonly burst: number; readonly limit: number | undefined },
  value: CpuValue,
  context: IsolatorContext,
): CgroupWrite {
  const at = context.atOf('/burst');
  const why = `let cpu burst by ${value.burst}`;
  if (limit === undefined) {
    throw new PodError('manifest/schema', `${why}: it needs a limit`, { at, hint: 'add a "limit"' });
  }
  refuseWithoutControl(context, { controller: 'cpu', file: BURST_FILE[version], what: why, at });
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

/** What a pod or app without a request counts for. */
const DEFAULT_REQUEST_MILLICORES = 1000;

/** A limit by itself would also raise the share. */
function ofImage({ request, limit, default: written, ...rest }: CpuValue): OfImage {
  const [other] = Object.keys(rest);
  if (other !== undefined) return { refused: `"${other}" is not for an image to decide` };
  const isMore = (quantity: string | number | undefined): boolean =>
    quantity !== undefined && parseMillicores(quantity) > DEFAULT_REQUEST_MILLICORES;
  if (isMore(request)) return { refused: `a request above 1 core takes from others on the host` };
  return { value: { limit, request: request ?? (isMore(limit) ? '1' : limit), default: written } };
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
  look,
  lower,
  ofImage,
  readBack,
};
