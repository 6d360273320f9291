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
 * `resolveImage`, for whoever calls. A layer has files of many owners, with modes that close them to all but root: a normal user's are
 * unpacked by a helper that has all of his ids.
 */
export async function resolveOwn(ref: string, options: ResolveOptions): Promise<ResolvedImage> {
  const caller = readCaller();
  if (!caller || !isUnpacked(ref, options)) return resolveImage(ref, options);
  requireSameIds(options, caller);
  if (isCached(ref, options)) return resolveImage(ref, options);
  const { runInside } = await import('./inside.ts');
  const { storeDir, baseDir, at, onProgress } = options;
  await runInside({ kind: 'resolve', ref, storeDir, baseDir, at, ids: idCount(caller) }, caller, onProgress);
  return resolveImage(ref, options);
}

/** What is wrong with a reference is said by whoever resolves it. */
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

/** Of the store: whose ids the files in its layers have. */
const IDS_FILE = 'ids';

/** Layers are named by what was unpacked, not by whom the files were given to. */
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
