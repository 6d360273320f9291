import { PodError } from '../error.ts';
import { BYTES_PATTERN, parseBytes } from '../manifest/quantity.ts';
import type { Draft, InForce, InForceSource, IsolatorContext, JsonSchema } from './isolator.ts';

export interface StorageValue {
  readonly limit: string | number;
}

/** No file system is smaller; and what a program needs to write its first file is not much less. */
const MIN_BYTES = 1n << 20n;
const MAX_BYTES = BigInt(Number.MAX_SAFE_INTEGER);

export function storageSchema(description: string): JsonSchema {
  return {
    type: 'object',
    description,
    additionalProperties: false,
    required: ['limit'],
    properties: {
      limit: {
        type: ['string', 'integer'],
        pattern: BYTES_PATTERN,
        minimum: 0,
        description: 'Bytes on disk: "512Mi", "4G". At least "1Mi".',
      },
    },
  };
}

/** The kernel counts a file for one limit and no more, so an app has one, its own or its pod's. */
export function limitStorage(
  covers: 'layer' | 'all',
  { limit }: StorageValue,
  draft: Draft,
  context: IsolatorContext,
): void {
  const at = context.atOf('/limit');
  const bytes = parseBytes(limit, at);
  if (bytes < MIN_BYTES || bytes > MAX_BYTES) {
    throw new PodError('manifest/schema', `limit what is on disk to "${limit}": not from "1Mi" to "8Pi"`, { at });
  }
  const other = draft.storage ?? context.pod?.storage;
  if (other) {
    throw new PodError('manifest/schema', 'limit what is on disk: there is a limit for the same files already', {
      at: context.at,
      hint: `the kernel counts a file once; the other limit is on line ${other.at.line}`,
    });
  }
  draft.storage = { bytes, covers, at };
}

/** The file system of the writable layer counts for whoever set the limit: a quota's project, an image, or a tmpfs, each tells it as its size. */
export function storageInForce({ layer }: InForceSource): InForce | undefined {
  const size = layer?.();
  return size && { limitBytes: size.totalBytes, usedBytes: size.totalBytes - size.freeBytes };
}
