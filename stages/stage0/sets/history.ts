import { rmSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { PodError } from '../error.ts';
import { namesIn, parseObject, readIfThere } from '../pod/files.ts';
import { isEmpty, type KeptPod, type Revision } from './revision.ts';
import { SET_FILES, setDir } from './set-store.ts';
import type { DesiredSet } from './types.ts';
import { writeWhole } from './write-whole.ts';

const KEPT_REVISIONS = 10;

/** Oldest first. A revision damaged by a power failure is ignored. */
export function readHistory(root: string, set: string): Revision[] {
  const dir = historyDir(root, set);
  return numbersIn(dir).flatMap((number) => {
    const stored = parseObject(readIfThere(pathOf(dir, number)) ?? '');
    return stored && Array.isArray(stored['files'])
      ? [{ ...(stored as unknown as Revision), kept: (stored['kept'] ?? []) as KeptPod[] }]
      : [];
  });
}

export function findRevision(root: string, set: string, test: (revision: Revision) => boolean, what: string): Revision {
  const found = readHistory(root, set).findLast(test);
  if (found) return found;
  throw new PodError('set/revision', `find ${what} of set "${set}": it is not in the history`, {
    hint: 'pod rollout history lists the revisions',
  });
}

/** Adds a revision, replaces an older one that wanted the same, and removes the oldest. */
export function addRevision(root: string, set: string, revision: Revision): void {
  const dir = historyDir(root, set);
  makeDirectories(dir, 0o700);
  writeWhole(pathOf(dir, revision.number), JSON.stringify(revision));
  const others = readHistory(root, set).filter(({ number }) => number !== revision.number);
  const same = others.filter(({ digest }) => digest === revision.digest);
  const distinct = others.filter(({ digest }) => digest !== revision.digest);
  const oldest = distinct.slice(0, Math.max(0, distinct.length + 1 - KEPT_REVISIONS));
  for (const { number } of [...same, ...oldest]) rmSync(pathOf(dir, number), { force: true });
}

/** Contains the text of each manifest, but nothing else of the folder. */
export function newRevision(
  number: number,
  desired: DesiredSet,
  { cause, outcome, kept }: Pick<Revision, 'cause' | 'outcome' | 'kept'>,
): Revision {
  const files = desired.pods.map(({ file, path, baseDir, text }) => ({ file, path, baseDir, text }));
  const names = desired.pods.map(({ name }) => name);
  return { number, at: new Date().toISOString(), cause, digest: desired.digest, outcome, names, files, kept };
}

/**
 * The default target of `rollout undo`: the newest revision that wanted something other than `digest`; skips revisions known to be
 * broken, such as one that was rolled back, and revisions without pods.
 */
export function previousRevision(root: string, set: string, digest: string | undefined): Revision {
  const others = otherRevisions(root, set, digest);
  const found = others.findLast(({ outcome }) => outcome !== 'unhealthy');
  if (found) return found;
  const broken = others.at(-1)?.number;
  const but = broken === undefined ? '' : ` except revision ${broken}, which was not healthy`;
  const hint = broken === undefined ? undefined : `--to-revision ${broken} rolls back to it anyway`;
  throw new PodError('set/revision', `roll back set "${set}": its history has no other revision${but}`, { hint });
}

/** The target of a rollback: the newest other revision that was found healthy; otherwise one that is not known to be bad. */
export function lastGoodRevision(root: string, set: string, digest: string): Revision | undefined {
  const others = otherRevisions(root, set, digest);
  return (
    others.findLast(({ outcome }) => outcome === 'healthy') ?? others.findLast(({ outcome }) => outcome === 'applied')
  );
}

function otherRevisions(root: string, set: string, digest: string | undefined): Revision[] {
  return readHistory(root, set).filter((revision) => revision.digest !== digest && !isEmpty(revision));
}

function historyDir(root: string, set: string): string {
  return `${setDir(root, set)}/${SET_FILES.history}`;
}

function pathOf(dir: string, number: number): string {
  return `${dir}/${number}.json`;
}

function numbersIn(dir: string): number[] {
  try {
    const names = namesIn(dir).flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? []);
    return names.map(Number).toSorted((a, b) => a - b);
  } catch (error) {
    throw new PodError('state/io', `read the history in "${dir}": ${(error as Error).message}`, { cause: error });
  }
}
