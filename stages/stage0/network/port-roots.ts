// flock(2), symlink(7): the state directories whose pods have ports of this host

import { readdirSync, readlinkSync, rmdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import type { ClaimStore } from './claim-store.ts';
import { withFileLock } from './file-lock.ts';
import { PORT_KIND } from './port-claims.ts';

export const RUN_DIR = '/run/pod';

type Claims = Pick<ClaimStore, 'hasClaims'>;

/**
 * Runs `work`, which may claim ports in `root`, while no pod of any root does so in this network namespace. It is given the other
 * roots that have port claims. Each root is a symbolic link in a directory of the namespace; the next claim removes the links of
 * roots that have no claims any more, because a pod that ends knows nothing of other pods.
 */
export function withPortRoots<T>(
  claims: Claims,
  root: string,
  work: (others: readonly string[]) => T,
  runDir: string = RUN_DIR,
): T {
  makeDirectories(runDir, 0o755);
  return withFileLock(`${runDir}/network.lock`, () => {
    const directory = directoryOf(runDir);
    makeDirectories(directory, 0o700);
    const own = `${directory}/${nameOf(root)}`;
    const others = rootsIn(directory, claims).filter(({ link }) => link !== own);
    // A deleted root may have had the same inode.
    rmSync(own, { force: true });
    symlinkSync(root, own);
    try {
      return work(others.map(({ path }) => path));
    } finally {
      forgetUnused(directory, claims);
    }
  });
}

/** For a root whose last pod is gone. */
export function forgetPortRoot(claims: Claims, runDir: string = RUN_DIR): void {
  makeDirectories(runDir, 0o755);
  withFileLock(`${runDir}/network.lock`, () => forgetUnused(directoryOf(runDir), claims));
}

function directoryOf(runDir: string): string {
  return `${runDir}/ports-${readlinkSync('/proc/self/ns/net').replace(/\D/g, '')}`;
}

/** The same by whatever path the root is reached. */
function nameOf(root: string): string {
  const { dev, ino } = statSync(root);
  return `${dev}-${ino}`;
}

function rootsIn(directory: string, claims: Claims): { link: string; path: string }[] {
  return entries(directory)
    .map((name) => ({ link: `${directory}/${name}`, path: readlinkSync(`${directory}/${name}`) }))
    .filter(({ path }) => claims.hasClaims(path, PORT_KIND));
}

function forgetUnused(directory: string, claims: Claims): void {
  const all = entries(directory);
  const used = new Set(rootsIn(directory, claims).map(({ link }) => link));
  const unused = all.map((name) => `${directory}/${name}`).filter((link) => !used.has(link));
  for (const link of unused) rmSync(link);
  if (all.length > 0 && used.size === 0) rmdirSync(directory);
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
