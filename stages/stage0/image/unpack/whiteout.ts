const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

export type Whiteout =
  /** `name` of lower layers is not there any more. */
  | { readonly kind: 'remove'; readonly name: string }
  /** Nothing that lower layers have in the entry's directory is there any more. */
  | { readonly kind: 'opaque' }
  /** Bookkeeping of aufs (`.wh..wh.plnk`), without meaning for a layer. */
  | { readonly kind: 'aufs' }
  /** Names the directory itself, its parent, or nothing. */
  | { readonly kind: 'hostile' };

/** What the last component of an entry's name means by the OCI image specification, "Whiteouts"; undefined: an ordinary name. */
export function parseWhiteout(name: string): Whiteout | undefined {
  if (!name.startsWith(PREFIX)) return undefined;
  if (name === OPAQUE) return { kind: 'opaque' };
  const target = name.slice(PREFIX.length);
  if (target === '' || target === '.' || target === '..') return { kind: 'hostile' };
  if (target.startsWith(PREFIX)) return { kind: 'aufs' };
  return { kind: 'remove', name: target };
}
