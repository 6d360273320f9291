import { printable } from '../tar/fault.ts';
import type { Faults } from './failure.ts';

/** Leaves space for the store's own prefix, so that the tree can be removed by path. */
const MAX_PATH_BYTES = 3072;
const MAX_DEPTH = 256;
const MAX_NAME_BYTES = 255;

/**
 * Normalises the name of an entry: removes leading `./` and doubled and trailing slashes; `''` is the root itself. Rejects absolute
 * names, `..`, and names that exceed a limit. `what` is the kind of name, for the message.
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

/** Detects the common case without splitting the name: no dot at the start of a part, no empty part, short. */
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
