import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodError, PodErrors } from '../error.ts';
import { digestOfImage } from '../image/digest.ts';
import { allErrorsOf } from '../manifest/all-errors.ts';
import { parseManifest } from '../manifest/parse.ts';
import { draftLock, type LockDraft, type Reference } from '../pins/draft-lock.ts';
import { isPinnable, LOCK_FILE, type Pins, pinToFetch, readPins } from '../pins/pins.ts';
import type { FoundManifest } from './manifest-folder.ts';

/** Manifests that share a folder, and so a lock. */
export interface LockFolder {
  /** Absolute. */
  readonly dir: string;
  readonly files: readonly FoundManifest[];
  /** The files are all manifests of the folder. */
  readonly isWhole: boolean;
}

export interface DraftOptions {
  readonly storeDir: string;
  readonly moves: boolean;
}

export interface DraftedLock extends LockDraft {
  readonly path: string;
  readonly isChanged: boolean;
}

/** What the folder's lock has to be. Throws with all that is wrong with its manifests and images. */
export async function draftFolder({ dir, files, isWhole }: LockFolder, options: DraftOptions): Promise<DraftedLock> {
  const references = await referencesOf(files);
  const path = join(dir, LOCK_FILE);
  const now = readPins(dir);
  const digests = await digestsOf(references, dir, now, options);
  const draft = draftLock({ path, now, references, digests, isWhole, moves: options.moves });
  return { ...draft, path, isChanged: now === undefined || readFileSync(path, 'utf8') !== draft.text };
}

async function referencesOf(files: readonly FoundManifest[]): Promise<Reference[]> {
  const errors: PodError[] = [];
  const references: Reference[] = [];
  for (const { text, path, baseDir, wrong } of files) {
    if (wrong) {
      errors.push(wrong);
      continue;
    }
    const read = parseManifest(text, path, { baseDir });
    errors.push(...(await allErrorsOf(read)));
    references.push(...(read.spec?.apps ?? []).map(({ image }) => ({ ref: image.value, at: image.at })));
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return references;
}

async function digestsOf(
  references: readonly Reference[],
  dir: string,
  now: Pins | undefined,
  { storeDir, moves }: DraftOptions,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  const errors: PodError[] = [];
  for (const { ref, at } of new Map(references.map((one) => [one.ref, one])).values()) {
    if (!isPinnable(ref)) continue;
    try {
      // Nobody is asked what a pinned tag stands for now: that must not change by itself.
      const pinned = moves ? undefined : pinToFetch(now, ref);
      const read = { storeDir, baseDir: dir, at, asksRegistry: moves };
      digests.set(ref, pinned ?? (await digestOfImage(ref, read)));
    } catch (error) {
      if (!(error instanceof PodError)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return digests;
}

/** In one step: who reads it meanwhile sees the old or the new one. */
export function writeLock({ path, text }: Pick<DraftedLock, 'path' | 'text'>): void {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, text, { flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    try {
      unlinkSync(draft);
    } catch {
      // It was never made; what counts is why.
    }
    throw new PodError('state/io', `write "${path}": ${(error as Error).message}`, { cause: error });
  }
}
