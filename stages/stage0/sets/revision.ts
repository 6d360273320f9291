import type { FolderFile } from './folder.ts';
import type { Outcome } from './inventory.ts';

export type Cause = 'apply' | 'undo' | 'rollback';

/** What was wanted at one time, complete: it can be applied again without the folder. */
export interface Revision {
  readonly number: number;
  /** RFC 3339. */
  readonly at: string;
  readonly cause: Cause;
  readonly digest: string;
  readonly outcome: Outcome;
  /** Names of the pods, in the order of `files`. */
  readonly names: readonly string[];
  readonly files: readonly FolderFile[];
  readonly kept: readonly KeptPod[];
}

/** A pod that the set kept although its folder no longer had it; `file` is its last known manifest. */
export interface KeptPod {
  readonly name: string;
  readonly file: FolderFile | undefined;
}

/** All manifests of that time, whether the folder had them or not. */
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
