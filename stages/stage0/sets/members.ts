import { parseObject, readIfThere } from '../pod/files.ts';
import { listSets, SET_FILES, setDir } from './set-store.ts';

/** Where the manifests of sets come from. */
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
 * The pods that sets have now, and those that are being brought about: a job that is done is done, even if the change that it
 * is part of is not. What cannot be read as an inventory has none: whoever changes the set will say so.
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
