import { closeSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { makeDirectories, spreadChildren } from '../../linux/directory.ts';
import { denialHint, PodError } from '../error.ts';
import { namesIn } from './files.ts';
import { findPod } from './find.ts';
import {
  imagesDir,
  nurseriesDir,
  nurseryDir,
  POD_FILES,
  POD_STATES,
  type PodState,
  podPath,
  podsDir,
} from './layout.ts';
import { isSameDir, lockDir } from './lock.ts';
import { requireOwnRoot } from './own-root.ts';
import type { NewPod, PodDir, PodLookup } from './pod-dir.ts';
import { isUuid, newUuid } from './uuid.ts';

export type { NewPod, PodDir } from './pod-dir.ts';

/** The pods of one state directory. */
export class PodStore implements PodLookup {
  readonly root: string;

  /** `root` must be absolute, because names of kernel objects are derived from it. */
  constructor(root: string) {
    this.root = root;
  }

  /** Makes `pods/prepare/<uuid>`, mode 0700. It is locked before it becomes visible there. */
  create(uuid: string = newUuid()): NewPod {
    requireOwnRoot(this.root);
    const path = podPath(this.root, 'prepare', uuid);
    const born = `${nurseryDir(this.root, uuid)}/${uuid}`;
    for (;;) {
      this.#makeDir(born);
      const lockFd = this.#lockBorn(born);
      // A collector may take the directory for dead in the instant before it is locked; then it is made again.
      if (lockFd === undefined || !this.#present(born, path, lockFd)) continue;
      this.#writeUuid(path, uuid, lockFd);
      return { uuid, path, lockFd };
    }
  }

  /** Undefined when a collector removed the directory first. */
  #lockBorn(born: string): number | undefined {
    try {
      return lockMade(born);
    } catch (error) {
      rmSync(born, { recursive: true, force: true });
      throw unreadable(this.root, error);
    }
  }

  /** Moves the directory to where pods are looked up. Returns false when a collector removed it first. */
  #present(born: string, path: string, lockFd: number): boolean {
    try {
      renameSync(born, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') rmSync(born, { recursive: true, force: true });
      closeSync(lockFd);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw unreadable(this.root, error);
    }
  }

  /** Writes the uuid file, to which the pod's claims will be links. On a full disk, removes the directory again. */
  #writeUuid(path: string, uuid: string, lockFd: number): void {
    try {
      writeFileSync(`${path}/${POD_FILES.uuid}`, uuid, { mode: 0o600 });
    } catch (error) {
      rmSync(path, { recursive: true, force: true });
      closeSync(lockFd);
      throw unreadable(this.root, error);
    }
  }

  /** Moves the pod with one rename. Returns the new path. */
  move(uuid: string, from: PodState, to: PodState): string {
    const target = podPath(this.root, to, uuid);
    renameSync(podPath(this.root, from, uuid), target);
    return target;
  }

  /**
   * Lists every pod in the given states. The directories are read in the order in which a pod passes through them, so that a pod
   * that moves meanwhile is seen twice rather than not at all; the later place counts.
   */
  list(states: readonly PodState[] = POD_STATES): PodDir[] {
    const found = new Map<string, PodDir>();
    for (const state of POD_STATES) {
      if (!states.includes(state)) continue;
      for (const uuid of this.#entries(state)) {
        if (isUuid(uuid)) found.set(uuid, { uuid, state, path: podPath(this.root, state, uuid) });
      }
    }
    return [...found.values()];
  }

  /** Where the pod is now. */
  locate(uuid: string): PodDir | undefined {
    // Twice, because a pod can move from a directory not yet checked to one that was.
    for (let attempt = 0; attempt < 2; attempt++) {
      for (const state of POD_STATES) {
        const path = podPath(this.root, state, uuid);
        if (statSync(path, { throwIfNoEntry: false })) return { uuid, state, path };
      }
    }
    return undefined;
  }

  /** The pod that a query names: a uuid, a unique prefix of one, or a name. Throws `pod/not-found` or `pod/ambiguous`. */
  find(query: string): PodDir {
    return findPod(this, query);
  }

  #entries(state: PodState): string[] {
    try {
      return namesIn(podsDir(this.root, state));
    } catch (error) {
      throw unreadable(this.root, error);
    }
  }

  /** Makes the layout only when it turns out to be missing: checking it at each start would cost ten system calls. */
  #makeDir(born: string): void {
    try {
      mkdirSync(born, { mode: 0o700 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unreadable(this.root, error);
      ensureLayout(this.root);
      this.#makeFirst(born);
    }
  }

  /** A nursery, like `prepare`, is part of the layout and is kept. */
  #makeFirst(born: string): void {
    try {
      makeDirectories(born, 0o700);
    } catch (error) {
      throw unreadable(this.root, error);
    }
  }
}

/** Makes the directories under `root`, each 0700, because what pods write is private. */
export function ensureLayout(root: string): void {
  try {
    for (const state of POD_STATES) makeDirectories(podsDir(root, state), 0o700);
    for (const path of [`${root}/claims`, imagesDir(root)]) makeDirectories(path, 0o700);
    if (makeDirectories(nurseriesDir(root), 0o700)) spreadChildren(nurseriesDir(root));
  } catch (error) {
    throw unreadable(root, error);
  }
}

function lockMade(path: string): number | undefined {
  let fd: number;
  try {
    fd = lockDir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    if (isSameDir(fd, path)) return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
  return undefined;
}

function unreadable(root: string, cause: unknown): PodError {
  const hint = denialHint(cause);
  return new PodError('state/io', `use state directory "${root}": ${(cause as Error).message}`, { hint, cause });
}
