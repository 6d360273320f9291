import { type Blob, readBlob } from './blob.ts';
import { corrupt, printableText } from './tar/fault.ts';

/** Manifests, indexes and configurations have a few kilobytes; registries reject larger ones than this. */
export const MAX_JSON_BYTES: number = 4 * 1024 * 1024;

export type JsonObject = Readonly<Record<string, unknown>>;

export function readJsonBytes(blob: Blob): Buffer {
  if (blob.size > MAX_JSON_BYTES)
    throw corrupt(`read ${blob.label}: it has ${blob.size} bytes, more than ${MAX_JSON_BYTES}`);
  return readBlob(blob, MAX_JSON_BYTES);
}

export function parseJson(bytes: Buffer, label: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    // It quotes what it does not understand.
    throw corrupt(`read ${label}: ${printableText((error as Error).message)}`, error);
  }
}

/** Absent and null count as an empty object, as in Go's decoder; any other non-object is corrupt. */
export function objectOf(value: unknown, label: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as JsonObject;
  throw corrupt(`read ${label}: not a JSON object`);
}

export function arrayOf(value: unknown, label: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw corrupt(`read ${label}: not a list`);
}

export function stringsOf(value: unknown, label: string): readonly string[] {
  return arrayOf(value, label).map((item) => stringOf(item, label) ?? '');
}

/** Absent and empty are equal. A string of an image must not contain a NUL, where the kernel would truncate it. */
export function stringOf(value: unknown, label: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' || value.includes('\0')) throw corrupt(`read ${label}: not a string`);
  return value;
}
