import { mapAll, PodError, tryAll } from '../error.ts';
import { BYTES_PATTERN, parseBytes, showBytes } from '../manifest/quantity.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import { findController, lacksControl, lookForControl, requireController } from './controllers.ts';
import { findingOf } from './finding.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { CgroupWrite, Draft, InForce, InForceSource, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

export interface MemoryValue {
  readonly request?: string | number;
  readonly limit?: string | number;
  readonly high?: string | number;
  readonly min?: string | number;
  readonly swap?: string | number;
  readonly zswap?: string | number;
  readonly oomGroup?: boolean;
  readonly default?: false;
}

type Field = 'request' | 'limit' | 'high' | 'min' | 'swap' | 'zswap';
type Sizes = Readonly<Partial<Record<Field, bigint>>>;

/** Below this not even execve has room, and the pod would die of a signal instead of an error. */
const MIN_LIMIT_BYTES = 1n << 20n;

const QUANTITY: JsonSchema = { type: ['string', 'integer'], pattern: BYTES_PATTERN, minimum: 0 };

const DESCRIPTIONS: Readonly<Record<Field, string>> = {
  request:
    'Memory that is not reclaimed as long as memory of others can be reclaimed. Memory above the request is reclaimed first when the host runs short.',
  limit: 'Memory it may use before the kernel kills one of its processes. At least "1Mi". Default: no limit.',
  high: 'Above this amount, processes are slowed down and their memory is reclaimed, but no process is killed. cgroup version 2 only. Default: none.',
  min: 'Memory that is never reclaimed; the host kills processes of others first. cgroup version 2 only. Default: 0.',
  swap: 'Swap it may use in addition to the limit. Default: 0 with a limit, unbounded without a limit.',
  zswap: 'Compressed memory for swapped pages, which also counts as memory. cgroup version 2 only. Default: unbounded.',
};

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Memory, including page cache and tmpfs, in bytes or as a number with a suffix: k, M, G, T are powers of 1000; Ki, Mi, Gi, Ti are powers of 1024.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    ...Object.fromEntries(
      Object.entries(DESCRIPTIONS).map(([field, description]) => [field, { ...QUANTITY, description }]),
    ),
    oomGroup: {
      type: 'boolean',
      description:
        'When memory runs out, the kernel kills all its processes together. cgroup version 2 only. Default: false.',
    },
    default: { const: false, description: 'Written by the tools of appc; ignored.' },
  },
};

function lower(value: MemoryValue, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'memory', MEMORY.name);
  const sizes = readSizes(value, context);
  tryAll(
    () => checkOrder(value, sizes, context),
    () => checkPod(value, sizes, version, context),
    () => (version === 1 ? refuseUnifiedOnly(value, context) : requireZswap(value, context)),
    () => {
      const writes = version === 2 ? unifiedWrites(value, sizes, context) : version1Writes(value, sizes, context);
      draft.cgroup.push(...writes);
    },
  );
}

function readSizes(value: MemoryValue, context: IsolatorContext): Sizes {
  const fields = Object.keys(DESCRIPTIONS) as Field[];
  const given = fields.filter((field) => value[field] !== undefined);
  return Object.fromEntries(
    mapAll(given, (field) => [field, parseBytes(value[field]!, context.atOf(`/${field}`))] as const),
  );
}

/** Each of these is without effect above the other. */
const ORDER: readonly (readonly [lesser: Field, greater: Field])[] = [
  ['request', 'limit'],
  ['request', 'high'],
  ['min', 'limit'],
  ['min', 'high'],
  ['high', 'limit'],
];

const VERBS: Readonly<Record<Field, string>> = {
  request: 'request',
  limit: 'limit',
  high: 'set high',
  min: 'set min',
  swap: 'set swap',
  zswap: 'set zswap',
};

function checkOrder(value: MemoryValue, sizes: Sizes, context: IsolatorContext): void {
  const isAbove = (lesser: Field, greater: Field): boolean => {
    const [less, more] = [sizes[lesser], sizes[greater]];
    return less !== undefined && more !== undefined && less > more;
  };
  tryAll(
    () => {
      if (sizes.limit === undefined || sizes.limit >= MIN_LIMIT_BYTES) return;
      throw new PodError('manifest/schema', `limit memory to "${value.limit}": less than the smallest limit, "1Mi"`, {
        at: context.atOf('/limit'),
      });
    },
    ...(['request', 'min', 'high'] as const).map((lesser) => (): void => {
      const greater = ORDER.find((pair) => pair[0] === lesser && isAbove(...pair))?.[1];
      if (!greater) return;
      const message = `${VERBS[lesser]} "${value[lesser]}" of memory: it is above the ${greater === 'limit' ? 'limit' : 'high mark'}, "${value[greater]}"`;
      throw new PodError('manifest/schema', message, { at: context.atOf(`/${lesser}`) });
    }),
  );
}

const SOFT_FILE = 'memory.soft_limit_in_bytes';
const BOTH_FILE = 'memory.memsw.limit_in_bytes';
const SWAP_FILE = 'memory.swap.max';
const ZSWAP_FILE = 'memory.zswap.max';
const LIMIT_FILE = { 1: 'memory.limit_in_bytes', 2: 'memory.max' } as const;

/** An app cannot have more than its pod may use. */
function checkPod(value: MemoryValue, sizes: Sizes, version: 1 | 2, context: IsolatorContext): void {
  const ofPod = (file: string): bigint | undefined => {
    const write = context.pod?.cgroup.find((each) => each.file === file);
    return write && BigInt(write.value);
  };
  const limit = ofPod(LIMIT_FILE[version]);
  const swap = version === 2 ? ofPod(SWAP_FILE) : limit !== undefined ? (ofPod(BOTH_FILE) ?? limit) - limit : undefined;
  const bounds = { limit, high: limit, request: limit, min: limit, swap, zswap: ofPod(ZSWAP_FILE) };
  mapAll(Object.keys(bounds) as Field[], (field) => {
    const [bytes, bound] = [sizes[field], bounds[field]];
    if (bytes === undefined || bound === undefined || bytes <= bound) return;
    const message = `${VERBS[field]} "${value[field]}" of memory: the pod as a whole is limited to ${showBytes(bound)}`;
    // A limit on memory is one of no swap.
    const hint = field === 'swap' ? 'write "swap" beside the limit of the pod' : undefined;
    throw new PodError('manifest/schema', message, { at: context.atOf(`/${field}`), hint });
  });
}

/** With what each has when nobody wrote to it. */
const UNIFIED_FILES: readonly (readonly [Field, file: string, unset: string])[] = [
  ['request', 'memory.low', '0'],
  ['min', 'memory.min', '0'],
  ['high', 'memory.high', 'max'],
  ['limit', LIMIT_FILE[2], 'max'],
  ['swap', SWAP_FILE, 'max'],
  ['zswap', ZSWAP_FILE, 'max'],
];

const IN_USE = { file: 'memory.current', reclaim: 'memory.reclaim' } as const;

function unifiedWrites(value: MemoryValue, sizes: Sizes, context: IsolatorContext): CgroupWrite[] {
  const writes: CgroupWrite[] = UNIFIED_FILES.flatMap(([field, file, unset]) => {
    const bytes = sizes[field];
    if (bytes === undefined) return [];
    const write = { ...writeOf(field, file, bytes, value, context), unset };
    return [field === 'limit' ? { ...write, inUse: IN_USE } : write];
  });
  if (sizes.limit !== undefined && sizes.swap === undefined) {
    // A kernel without swap has no such file.
    writes.push({ ...writeOf('limit', SWAP_FILE, 0n, value, context), optional: true, unset: 'max' });
  }
  if (value.oomGroup) {
    const why = 'end all processes together when memory runs out';
    const at = context.atOf('/oomGroup');
    writes.push({ controller: 'memory', file: 'memory.oom.group', value: '1', at, why, unset: '0' });
  }
  return writes;
}

/** Of a kernel with CONFIG_ZSWAP. */
const ZSWAP_MODULE = '/sys/module/zswap/parameters/enabled';

function look({ zswap }: MemoryValue, host: HostFacts): Look[] {
  if (zswap === undefined || findController(host, 'memory')?.version !== 2) return [];
  return [`text ${ZSWAP_MODULE}`, ...lookForControl(host, 'memory', ZSWAP_FILE)];
}

function requireZswap({ zswap }: MemoryValue, context: IsolatorContext): void {
  if (zswap === undefined) return;
  const isModule = findingOf(context.host, 'text', ZSWAP_MODULE) !== null;
  const lacks = lacksControl(context, 'memory', ZSWAP_FILE) ?? !isModule;
  if (!lacks) return;
  const found = isModule ? `has no "${ZSWAP_FILE}"` : 'was built without CONFIG_ZSWAP';
  throw new PodError('host/unsupported', `set zswap of memory to ${zswap}: this kernel ${found}`, {
    at: context.atOf('/zswap'),
  });
}

function refuseUnifiedOnly(value: MemoryValue, context: IsolatorContext): void {
  mapAll(['high', 'min', 'zswap', 'oomGroup'] as const, (field) => {
    if (value[field] === undefined || value[field] === false) return;
    throw new PodError('host/unsupported', `set "${field}" of memory: cgroup version 1 does not have it`, {
      at: context.atOf(`/${field}`),
    });
  });
}

function version1Writes(value: MemoryValue, sizes: Sizes, context: IsolatorContext): CgroupWrite[] {
  const { request, limit, swap } = sizes;
  const writes: CgroupWrite[] = [];
  const add = (field: Field, file: string, bytes: bigint): CgroupWrite => ({
    ...writeOf(field, file, bytes, value, context),
    unset: '-1',
  });
  if (request !== undefined) writes.push(add('request', SOFT_FILE, request));
  if (limit !== undefined) writes.push({ ...add('limit', LIMIT_FILE[1], limit), boundedBy: BOTH_FILE });
  // In this order: memory and swap together may never be set below memory.
  if (limit !== undefined) writes.push(bothWrite(limit, swap, value, context));
  else if (swap !== undefined) {
    throw new PodError('host/unsupported', `limit swap to "${value.swap}": cgroup version 1 counts it with memory`, {
      at: context.atOf('/swap'),
      hint: 'add a "limit" for memory',
    });
  }
  return writes;
}

/** A kernel that does not account swap lacks the file; that is a failure only for whoever asked for some swap. */
function bothWrite(limit: bigint, swap: bigint | undefined, value: MemoryValue, context: IsolatorContext): CgroupWrite {
  if (swap !== undefined) return { ...writeOf('swap', BOTH_FILE, limit + swap, value, context), unset: '-1' };
  return { ...writeOf('limit', BOTH_FILE, limit, value, context), optional: true, unset: '-1' };
}

function writeOf(field: Field, file: string, bytes: bigint, value: MemoryValue, context: IsolatorContext): CgroupWrite {
  const quantity = value[field];
  const whys: Partial<Record<Field, string>> = {
    request: `request ${quantity} of memory`,
    limit: `limit memory to ${quantity}`,
    swap: `limit swap to ${quantity}`,
  };
  const why = whys[field] ?? `set ${field} of memory to ${quantity}`;
  return { controller: 'memory', file, value: `${bytes}`, at: context.atOf(`/${field}`), why };
}

function readBack({ control }: InForceSource): InForce | undefined {
  const bytes = (version2?: string, version1?: string): number | 'max' | undefined =>
    boundOf(control('memory', { ...(version1 && { 1: version1 }), ...(version2 && { 2: version2 }) }));
  const soft = bytes(undefined, SOFT_FILE);
  const limit = bytes(LIMIT_FILE[2], LIMIT_FILE[1]);
  const group = control('memory', { 2: 'memory.oom.group' })?.trim();
  return unlessEmpty({
    // Version 1 has no soft limit when it is not set: nothing is asked for.
    requestBytes: soft === 'max' ? 0 : (soft ?? bytes('memory.low')),
    limitBytes: limit,
    highBytes: bytes('memory.high'),
    minBytes: bytes('memory.min'),
    swapBytes: swapOf(limit, bytes(undefined, BOTH_FILE)) ?? bytes(SWAP_FILE),
    zswapBytes: bytes(ZSWAP_FILE),
    oomGroup: group === undefined ? undefined : group === '1',
  });
}

function swapOf(limit: number | 'max' | undefined, both: number | 'max' | undefined): number | 'max' | undefined {
  return typeof limit === 'number' && typeof both === 'number' ? both - limit : both;
}

export const MEMORY: Isolator<MemoryValue> = {
  name: 'resource/memory',
  example: { request: '8Mi', limit: '64Mi' },
  trials: [
    { of: 'high', value: { high: '64Mi' } },
    { of: 'min', value: { min: '1Mi' } },
    { of: 'swap', value: { limit: '64Mi', swap: '16Mi' } },
    { of: 'zswap', value: { zswap: '16Mi' } },
    { of: 'oomGroup', value: { oomGroup: true } },
  ],
  scopes: ['app', 'pod'],
  schema: SCHEMA,
  look,
  lower,
  ofImage: (value) => {
    const protection = (['request', 'min'] as const).find((field) => value[field] !== undefined);
    return protection ? { refused: `"${protection}" takes memory from others on the host` } : { value };
  },
  readBack,
};
