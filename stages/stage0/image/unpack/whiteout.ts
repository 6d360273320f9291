const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

export type Whiteout =
  /** Removes `name` of lower layers. */
  | { readonly kind: 'remove'; readonly name: string }
  /** Removes everything that lower layers have in the entry's directory. */
  | { readonly kind: 'opaque' }
  /** Bookkeeping of aufs (`.wh..wh.plnk`), without meaning for a layer. */
  | { readonly kind: 'aufs' }
  /** Names the directory itself, its parent, or nothing. */
  | { readonly kind: 'hostile' };

/**
 * The meaning of the last component of an entry's name in the OCI image specification, "Whiteouts"; undefined: an ordinary name.
 */
export function parseWhiteout(name: string): Whiteout | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  if (name === OPAQUE) return { kind: 'opaque' };
  const target = name.slice(PREFIX.length);
  if (target === '' || target === '.' || target === '..') return { kind: 'hostile' };
  if (target.startsWith(PREFIX)) return { kind: 'aufs' };
  return { kind: 'remove', name: target };
}
