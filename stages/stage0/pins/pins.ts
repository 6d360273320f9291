// pod.lock, the file beside manifests that says which image each reference stands for.

import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from 'node:fs';
import { PodError, type Position } from '../error.ts';
import { ARCHITECTURE } from '../image/platform.ts';

export const LOCK_FILE = 'pod.lock';
export const LOCK_VERSION = 1;
/** What an index of images selects by: one reference is another image on another machine. */
export const PLATFORM: string = `linux/${ARCHITECTURE}`;

/** Who asked that the lock be kept to: a person or a script, who know that there is one, or a build server for all it runs. */
export type Frozen = 'flag' | 'ci';

export interface Pins {
  readonly path: string;
  /** Reference as manifests write it → platform → digest. */
  readonly images: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** References that have no digest. */
  readonly notPinned: readonly string[];
}

/** The ID of an App Container Image is a sha512. */
const DIGEST = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

const MOST_BYTES = 4 * 1024 * 1024;

/** Build servers set `CI`. */
export function frozenBy(hasFlag: boolean, env: NodeJS.ProcessEnv = process.env): Frozen | undefined {
  if (hasFlag) return 'flag';
  return env['CI'] === 'true' || env['CI'] === '1' ? 'ci' : undefined;
}

/** The lock of a folder; most have none, and for them this is one failed call. */
export function readPins(dir: string, frozen?: Frozen): Pins | undefined {
  return readPinsAt(`${dir}/${LOCK_FILE}`, frozen);
}

/** The lock of that path. */
export function readPinsAt(path: string, frozen?: Frozen): Pins | undefined {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return parsePins(readText(path), path);
  if (frozen !== 'flag') return undefined;
  throw new PodError('lock/stale', `read "${path}": no such file`, { hint: 'pod lock creates it' });
}

/** What has contents of its own to pin: the host's system and a directory may change at any moment. */
export function isPinnable(ref: string): boolean {
  return ref !== 'host' && !ref.startsWith('dir:');
}

export function pinOf(pins: Pins, ref: string): string | undefined {
  const digests = Object.hasOwn(pins.images, ref) ? pins.images[ref] : undefined;
  return digests?.[PLATFORM];
}

/**
 * What to fetch in place of what the tag stands for: a registry keeps what it had under its digest. Undefined for other images,
 * for those that have a digest, and for those that are not pinned.
 */
export function pinToFetch(pins: Pins | undefined, ref: string): string | undefined {
  return pins && ref.startsWith('docker://') && !ref.includes('@') ? pinOf(pins, ref) : undefined;
}

/** Nothing is to be said about the image. */
export function isAsPinned(pins: Pins | undefined, { ref, digest }: { ref: string; digest: string }): boolean {
  return pins === undefined || !isPinnable(ref) || pinOf(pins, ref) === digest;
}

/** It may come with a repository of somebody else's: a device or a pipe is not opened for good. */
function readText(path: string): string {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw malformed(path, 'it is not a regular file');
    if (stat.size > MOST_BYTES) throw malformed(path, `larger than ${MOST_BYTES >> 20} MiB`);
    return readFileSync(fd, 'utf8');
  } catch (error) {
    throw error instanceof PodError ? error : malformed(path, (error as Error).message);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function parsePins(text: string, path: string): Pins {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw notJson(text, path, error as Error);
  }
  const lock = value as { version?: unknown; images?: unknown; notPinned?: unknown } | null;
  if (lock?.version !== LOCK_VERSION)
    throw malformed(path, `its version is ${JSON.stringify(lock?.version)}, not ${LOCK_VERSION}`);
  const { images, notPinned = [] } = lock;
  if (!isRecord(images) || !Object.values(images).every(isDigests))
    throw malformed(path, '"images" is not a map of references to digests by platform');
  if (!Array.isArray(notPinned) || !notPinned.every((ref) => typeof ref === 'string'))
    throw malformed(path, '"notPinned" is not a list of references');
  return { path, images: images as Pins['images'], notPinned };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDigests(value: unknown): boolean {
  const isDigest = (one: unknown): boolean => typeof one === 'string' && DIGEST.test(one);
  return isRecord(value) && Object.values(value).every(isDigest);
}

function notJson(text: string, path: string, error: Error): PodError {
  const offset = Number(/position (\d+)/.exec(error.message)?.[1] ?? text.length);
  const lines = text.slice(0, offset).split('\n');
  const at = { file: path, line: lines.length, col: lines.at(-1)!.length + 1 };
  const hint = /^<{7} /m.test(text)
    ? 'it holds a merge conflict: resolve it, or remove the file and let pod lock create it'
    : undefined;
  return malformed(path, 'it is not JSON', { at, hint });
}

function malformed(path: string, found: string, more: { at?: Position; hint?: string | undefined } = {}): PodError {
  const hint = more.hint ?? 'remove it and let pod lock create it';
  return new PodError('lock/malformed', `read "${path}": ${found}`, { ...more, hint });
}
