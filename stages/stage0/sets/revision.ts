import type { FolderFile } from './folder.ts';
import type { Outcome } from './inventory.ts';

export type Cause = 'apply' | 'undo' | 'rollback';

/** What was to be at one time, whole: it can be brought about again without the folder. */
export interface Revision {
  readonly number: number;
  /** RFC 3339. */
  readonly at: string;
  readonly cause: Cause;
  readonly digest: string;
  readonly outcome: Outcome;
  /** Of the pods, in the order of `files`. */
  readonly names: readonly string[];
  readonly files: readonly FolderFile[];
  readonly kept: readonly KeptPod[];
}

/** A pod that the set went on having when its folder had it no more; `file` as it was last wanted, when that is known. */
export interface KeptPod {
  readonly name: string;
  readonly file: FolderFile | undefined;
}

/** All that was there then, whether the folder had it or not. */
export function filesOf({ files, kept }: Revision): FolderFile[] {
  return [...kept.flatMap(({ file }) => file ?? []), ...files];
}

export function namesOf({ names, kept }: Revision): string[] {
  return [...names, ...kept.map(({ name }) => name)];
}

export function fileOf({ names, files, kept }: Revision, name: string): FolderFile | undefined {
  const place = names.indexOf(name);
  return place === -1 ? kept.find((pod) => pod.name === name)?.file : files[place];
}

export function isEmpty({ names, kept }: Revision): boolean {
  return names.length + kept.length === 0;
}
