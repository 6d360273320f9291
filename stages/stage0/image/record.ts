import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { ARCHITECTURE } from './platform.ts';
import { canonicalName, type RegistryName } from './registry/name.ts';
import { replaceFile, type Store, storeFailure } from './store.ts';
import type { ImageConfig, ImageMount } from './types.ts';
import { isKernelError } from '../error.ts';

/** What a reference resolved to. Valid while no source has changed and each layer exists. */
export interface ImageRecord {
  readonly digest: string;
  readonly config: ImageConfig;
  readonly mounts: readonly ImageMount[];
  /** Ids of the keys that were seen to have signed it under this name; absent when nobody had to. */
  readonly signedBy?: readonly string[];
}

export interface StoredRecord {
  readonly version: typeof VERSION;
  /** The whole reference, because the file's name is only a hash of it. */
  readonly key: string;
  readonly stamps: Readonly<Record<string, string>>;
  /** Layers in the store are stored as `./HEX`, because the store may move. */
  readonly image: ImageRecord;
}

/** Increased when the meaning of a record changes: older ones are then made again. */
const VERSION = 2;

/** Identifies a reference in this store. */
export function recordKey(...parts: readonly (string | undefined)[]): string {
  return [ARCHITECTURE, ...parts.map((part) => part ?? '')].join('\0');
}

/** The key of an image of a registry. What a tag stood for when it was fetched stays until it is fetched again. */
export function registryKey(name: RegistryName): string {
  return recordKey('docker', canonicalName(name));
}

/** 64 bits from two halves of FNV-1a. Loading node:crypto would cost more than everything else; a collision only costs a record. */
export function hashName(key: string): string {
  let left = 0x811c9dc5;
  let right = 0x050c5d1f;
  for (let i = 0; i < key.length; i++) {
    left = Math.imul(left ^ key.charCodeAt(i), 0x01000193);
    right = Math.imul(right ^ key.charCodeAt(i), 0x01000197);
  }
  return (left >>> 0).toString(16).padStart(8, '0') + (right >>> 0).toString(16).padStart(8, '0');
}

/**
 * Identifies the state of a file by its metadata; for a symbolic link, also of its target. Changes when the file is written,
 * replaced or touched. Milliseconds as doubles distinguish times 0.25 µs apart, while the kernel's clock ticks in 1 ms or more;
 * nanoseconds as bigints would take twice as long.
 */
export function stampOf(path: string): string {
  const link = tried(lstatSync, path);
  if (link === undefined) return 'absent';
  const target = link.isSymbolicLink() ? tried(statSync, path) : undefined;
  return target === undefined ? stampOfStat(link) : `${stampOfStat(link)} ${stampOfStat(target)}`;
}

/** Undefined for a path that leads nowhere or to itself; opening it reports why. */
function tried(look: (path: string) => Stats, path: string): Stats | undefined {
  try {
    return look(path);
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}

function stampOfStat({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return `${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/**
 * The record, if nothing it was made from has changed, or if it is of the image with the given digest. A damaged or foreign file
 * counts as missing.
 */
export function recall(store: Store, key: string, digest?: string): ImageRecord | undefined {
  const stored = load(`${store.refs}/${hashName(key)}.json`);
  if (stored?.key !== key) return undefined;
  if (stored.image.digest !== digest && !isUnchanged(stored)) return undefined;
  const mounts = stored.image.mounts.map(({ target, layers }) => ({
    target,
    layers: layers.map((layer) => fromStored(store, layer)),
  }));
  const image = { ...stored.image, mounts };
  return isWhole(image) ? image : undefined;
}

export function isWhole({ mounts }: Pick<ImageRecord, 'mounts'>): boolean {
  return mounts.every(({ layers }) =>
    layers.every((layer) => statSync(layer, { throwIfNoEntry: false })?.isDirectory() === true),
  );
}

function isUnchanged({ stamps }: StoredRecord): boolean {
  return Object.entries(stamps).every(([path, stamp]) => stampOf(path) === stamp);
}

/** Replaces the record atomically: readers see the old or the new one. */
export function remember(
  store: Store,
  key: string,
  stamps: Readonly<Record<string, string>>,
  image: ImageRecord,
): void {
  const mounts = image.mounts.map(({ target, layers }) => ({
    target,
    layers: layers.map((layer) => toStored(store, layer)),
  }));
  const record: StoredRecord = { version: VERSION, key, stamps, image: { ...image, mounts } };
  const path = `${store.refs}/${hashName(key)}.json`;
  replaceFile(store, path, JSON.stringify(record));
}

function load(path: string): StoredRecord | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeFailure(`read "${path}"`, error);
  }
  return parseRecord(text);
}

/** Undefined for a record that is damaged, of another version or truncated by a power failure; it is made again. */
export function parseRecord(text: string): StoredRecord | undefined {
  try {
    const stored = JSON.parse(text) as StoredRecord | null;
    return stored?.version === VERSION ? stored : undefined;
  } catch {
    return undefined;
  }
}

function toStored(store: Store, layer: string): string {
  return layer.startsWith(`${store.layers}/`) ? `.${layer.slice(store.layers.length)}` : layer;
}

function fromStored(store: Store, layer: string): string {
  return layer.startsWith('./') ? `${store.layers}${layer.slice(1)}` : layer;
}
