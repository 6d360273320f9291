import { parseObject, readIfThere } from '../pod/files.ts';
import { listSets, SET_FILES, setDir } from './set-store.ts';

/** The sources of the manifests of sets. */
export function memberOrigins(root: string): Set<string> {
  const origins = listSets(root).map((set) => {
    const stored = parseObject(readIfThere(`${setDir(root, set)}/${SET_FILES.inventory}`) ?? '');
    return stored?.['origin'];
  });
  return new Set(origins.filter((origin) => typeof origin === 'string'));
}

interface Member {
  readonly current?: { readonly uuid?: unknown };
  readonly next?: { readonly uuid?: unknown };
}

/**
 * The current pods of sets and the pods being started: a completed job is not run again, even if the change it belongs to is
 * incomplete. An unreadable inventory counts as empty; the next change of the set reports it.
 */
export function memberUuids(root: string): Set<string> {
  const uuids = new Set<string>();
  for (const set of listSets(root)) {
    const stored = parseObject(readIfThere(`${setDir(root, set)}/${SET_FILES.inventory}`) ?? '');
    const pods = Object.values((stored?.['pods'] as Record<string, Member> | undefined) ?? {});
    for (const { current, next } of pods)
      for (const uuid of [current?.uuid, next?.uuid]) if (typeof uuid === 'string') uuids.add(uuid);
  }
  return uuids;
}
