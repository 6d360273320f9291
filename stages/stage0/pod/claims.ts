import { closeSync, linkSync, openSync, readdirSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';

/**
 * Something that only one pod of a state directory can hold: a file that contains the pod's uuid, made by link(2) or with O_EXCL,
 * both of which fail if the name exists.
 */
export interface Claim {
  readonly kind: string;
  readonly key: string;
  readonly uuid: string;
}

/** Claims the key for the pod. Returns false when it is taken, even if by the same pod. */
export function claim(root: string, kind: string, key: string, uuid: string): boolean {
  const linked = linkClaim(root, kind, key, uuid);
  if (linked !== undefined) return linked;
  const fd = openNew(root, kind, key);
  if (fd === undefined) return false;
  try {
    writeSync(fd, uuid);
  } catch (error) {
    // On a full disk, the file exists but does not name its owner.
    unlinkSync(claimPath(root, kind, key));
    throw error;
  } finally {
    closeSync(fd);
  }
  return true;
}

/**
 * Links the claim to the pod's uuid file, if the pod is being made, or runs and gets its name back. A link needs no inode, whose
 * removal would slow the file system's search for free inodes, and is never without its uuid. Returns undefined where there is no
 * such file or no links.
 */
function linkClaim(root: string, kind: string, key: string, uuid: string): boolean | undefined {
  for (const state of ['prepare', 'run']) {
    try {
      linkSync(`${root}/pods/${state}/${uuid}/uuid`, claimPath(root, kind, key));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') return false;
      if (code === 'EPERM' || code === 'EOPNOTSUPP') return undefined;
      if (code !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

/** Releases the key if the pod holds it. Returns true when it did. */
export function release(root: string, kind: string, key: string, uuid: string): boolean {
  if (claimOwner(root, kind, key) !== uuid) return false;
  unlinkSync(claimPath(root, kind, key));
  return true;
}

/** Claims the first free candidate for the pod; returns undefined when all are taken. */
export function claimFirstFree(
  root: string,
  kind: string,
  candidates: Iterable<string>,
  uuid: string,
): string | undefined {
  for (const key of candidates) {
    if (claim(root, kind, key, uuid)) return key;
  }
  return undefined;
}

/** The pod that holds the key. An empty string: the claim is being written, or a crash left it unwritten. */
export function claimOwner(root: string, kind: string, key: string): string | undefined {
  return unlessMissing(() => readFileSync(claimPath(root, kind, key), 'latin1').trim());
}

/** All claims, or those of one kind. */
export function listClaims(root: string, kind?: string): Claim[] {
  const kinds = kind === undefined ? entries(`${root}/claims`) : [kind];
  return kinds.flatMap((kind) =>
    entries(`${root}/claims/${kind}`).flatMap((key) => {
      const uuid = claimOwner(root, kind, key);
      return uuid === undefined ? [] : [{ kind, key, uuid }];
    }),
  );
}

/** Releases everything that the pod holds. Returns the number of claims. */
export function releaseAll(root: string, uuid: string): number {
  return listClaims(root).filter((claim) => claim.uuid === uuid && release(root, claim.kind, claim.key, uuid)).length;
}

/** The keys of a kind, without reading their holders. */
export function listKeys(root: string, kind: string): string[] {
  return entries(`${root}/claims/${kind}`);
}

/** Whether the kind has claims, without reading their holders. */
export function hasClaims(root: string, kind: string): boolean {
  return entries(`${root}/claims/${kind}`).length > 0;
}

function claimPath(root: string, kind: string, key: string): string {
  // Keys come from manifests and must never name a file elsewhere.
  if (!isClaim(kind, key)) throw new Error(`"${kind}/${key}" cannot name a claim`);
  return `${root}/claims/${kind}/${key}`;
}

/** Whether the two can name a claim. */
export function isClaim(kind: string, key: string): boolean {
  return isFileName(kind) && isFileName(key);
}

function isFileName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= 255;
}

function openNew(root: string, kind: string, key: string): number | undefined {
  const path = claimPath(root, kind, key);
  try {
    return openExclusive(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  // This is the first claim of its kind.
  makeDirectories(`${root}/claims/${kind}`, 0o700);
  return openExclusive(path);
}

function openExclusive(path: string): number | undefined {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  }
}

function entries(path: string): string[] {
  return unlessMissing(() => readdirSync(path)) ?? [];
}

/** ENOTDIR, EISDIR: neither is made by us, so whatever it is, it is no claim. */
const NO_CLAIM: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'EISDIR']);

function unlessMissing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (NO_CLAIM.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}
