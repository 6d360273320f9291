import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import { parseReference } from '../image/reference.ts';
import { resolveCached, resolveImage } from '../image/resolve.ts';
import { createStore } from '../image/store.ts';
import type { ResolvedImage, ResolveOptions } from '../image/types.ts';
import { idCount } from '../plan/caller.ts';
import type { CallerFacts } from '../plan/facts.ts';
import { readCaller } from '../plan/read-caller.ts';

/**
 * `resolveImage` for root and for normal users. The files of a layer have many owners, and modes that only root could bypass, so a
 * normal user's layers are unpacked by a helper that has all of the user's ids.
 */
export async function resolveOwn(ref: string, options: ResolveOptions): Promise<ResolvedImage> {
  const caller = readCaller();
  if (!caller || !isUnpacked(ref, options)) return resolveImage(ref, options);
  requireSameIds(options, caller);
  if (options.asksRegistry !== true && isCached(ref, options)) return resolveImage(ref, options);
  const { runInside } = await import('./inside.ts');
  const { storeDir, baseDir, at, digest, asksRegistry, onProgress, signal } = options;
  const task = { kind: 'resolve', ref, storeDir, baseDir, at, digest, asksRegistry, ids: idCount(caller) } as const;
  try {
    await runInside(task, caller, onProgress, signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
  return resolveImage(ref, { ...options, asksRegistry: false });
}

/** An invalid reference is reported when it is resolved. */
function isUnpacked(ref: string, { baseDir }: ResolveOptions): boolean {
  try {
    const { kind } = parseReference(ref, baseDir);
    return kind !== 'host' && kind !== 'dir';
  } catch (error) {
    if (error instanceof PodError) return false;
    throw error;
  }
}

function isCached(ref: string, options: ResolveOptions): boolean {
  return resolveCached(ref, options) !== undefined;
}

/** File in the store: the ids that own the files in its layers. */
const IDS_FILE = 'ids';

/** A layer's name depends on its content, not on the owners that its files were given. */
function requireSameIds({ storeDir, at }: ResolveOptions, { uid, gid, uids, gids }: CallerFacts): void {
  const path = `${storeDir}/${IDS_FILE}`;
  const now = JSON.stringify({ uid, gid, uids, gids });
  createStore(storeDir);
  if (!existsSync(path)) return writeFileSync(path, now, { mode: 0o600 });
  if (readFileSync(path, 'utf8') === now) return;
  throw new PodError('state/io', `use images in "${storeDir}": they were unpacked for other ids than you have now`, {
    at,
    hint: 'remove that directory (as root, if need be), or choose another with --root',
  });
}
