import { PodError } from '../error.ts';
import { BYTES_PATTERN, parseBytes } from '../manifest/quantity.ts';
import { requireController } from './controllers.ts';
import type { CgroupWrite, Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

export interface MemoryValue {
  readonly request?: string | number;
  readonly limit?: string | number;
  readonly default?: false;
}

/** Below this not even execve has room, and the pod would die of a signal instead of an error. */
const MIN_LIMIT_BYTES = 1n << 20n;

const QUANTITY: JsonSchema = { type: ['string', 'integer'], pattern: BYTES_PATTERN, minimum: 0 };

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Memory, with page cache and tmpfs. Bytes, or a number with a suffix: k, M, G, T are powers of 1000, Ki, Mi, Gi, Ti of 1024.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    request: {
      ...QUANTITY,
      description:
        'Memory that is not reclaimed as long as others have some to give. Above it, it is first in line when the host runs short.',
    },
    limit: {
      ...QUANTITY,
      description:
        'Memory it may use, swap included, before the kernel ends a process of it. At least "1Mi". Default: none.',
    },
    default: { const: false, description: "Written by appc's own tools; it has no meaning here." },
  },
};

function lower(value: MemoryValue, draft: Draft, context: IsolatorContext): void {
  const { version } = requireController(context, 'memory', MEMORY.name);
  const limit = read(value.limit, '/limit', context);
  const request = read(value.request, '/request', context);
  if (limit !== undefined && limit < MIN_LIMIT_BYTES) {
    throw new PodError('manifest/schema', `limit memory to "${value.limit}": less than the smallest limit, "1Mi"`, {
      at: context.atOf('/limit'),
    });
  }
  if (limit !== undefined && request !== undefined && request > limit) {
    throw new PodError(
      'manifest/schema',
      `request "${value.request}" of memory: it is above the limit, "${value.limit}"`,
      {
        at: context.atOf('/request'),
      },
    );
  }
  if (request !== undefined) draft.cgroup.push(requestWrite(version, request, value, context));
  if (limit !== undefined) draft.cgroup.push(...limitWrites(version, limit, value, context));
}

function read(quantity: string | number | undefined, pointer: string, context: IsolatorContext): bigint | undefined {
  return quantity === undefined ? undefined : parseBytes(quantity, context.atOf(pointer));
}

function requestWrite(version: 1 | 2, bytes: bigint, value: MemoryValue, context: IsolatorContext): CgroupWrite {
  const file = version === 2 ? 'memory.low' : 'memory.soft_limit_in_bytes';
  return {
    controller: 'memory',
    file,
    value: `${bytes}`,
    at: context.atOf('/request'),
    why: `request ${value.request} of memory`,
  };
}

function limitWrites(version: 1 | 2, bytes: bigint, value: MemoryValue, context: IsolatorContext): CgroupWrite[] {
  const common = { controller: 'memory', at: context.atOf('/limit'), why: `limit memory to ${value.limit}` };
  if (version === 2) {
    return [
      { ...common, file: 'memory.max', value: `${bytes}` },
      { ...common, file: 'memory.swap.max', value: '0', optional: true },
    ];
  }
  // In this order: memory and swap together may never be set below memory.
  return [
    { ...common, file: 'memory.limit_in_bytes', value: `${bytes}` },
    { ...common, file: 'memory.memsw.limit_in_bytes', value: `${bytes}`, optional: true },
  ];
}

export const MEMORY: Isolator<MemoryValue> = { name: 'resource/memory', scopes: ['app', 'pod'], schema: SCHEMA, lower };
