import { printable } from '../tar/fault.ts';
import type { Faults } from './failure.ts';

/** Room is left for the store's own prefix: the tree must stay removable by path. */
const MAX_PATH_BYTES = 3072;
const MAX_DEPTH = 256;
const MAX_NAME_BYTES = 255;

/**
 * The name of an entry without leading `./`, doubled and trailing slashes; `''` is the root itself. Absolute names, `..`,
 * and names that break a bound are refused. `what` says which name of an entry, for the message.
 */
export function normalizeEntryPath(path: string, what: string, faults: Pick<Faults, 'hostile'>): string {
  if (path.length > MAX_PATH_BYTES)
    throw faults.hostile(`${what}: the name has ${path.length} bytes, more than ${MAX_PATH_BYTES}`);
  if (path.startsWith('/')) throw faults.hostile(`${what}: "${printable(path)}" is absolute`);
  if (isNormal(path)) return path;
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw faults.hostile(`${what}: "${printable(path)}" holds ".."`);
  if (parts.length > MAX_DEPTH)
    throw faults.hostile(`${what}: "${printable(path)}" is ${parts.length} directories deep, more than ${MAX_DEPTH}`);
  if (parts.some((part) => part.length > MAX_NAME_BYTES))
    throw faults.hostile(`${what}: "${printable(path)}" has a part longer than ${MAX_NAME_BYTES} bytes`);
  return parts.join('/');
}

/** The common case, told apart without taking the name to pieces: no dot where a part starts, no empty part, short. */
function isNormal(path: string): boolean {
  return (
    path.length > 0 &&
    path.length < MAX_NAME_BYTES &&
    path.charCodeAt(0) !== 0x2e &&
    !path.includes('/.') &&
    !path.includes('//') &&
    !path.endsWith('/')
  );
}

/** `['usr/lib', 'libc.so']` of `usr/lib/libc.so`. */
export function splitPath(path: string): readonly [string, string] {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? ['', path] : [path.slice(0, slash), path.slice(slash + 1)];
}
