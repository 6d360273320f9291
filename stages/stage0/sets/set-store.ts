import { closeSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { denialHint, PodError } from '../error.ts';
import { namesIn } from '../pod/files.ts';
import { isSameDir, tryLockPatiently } from '../pod/lock.ts';

/** Names inside a set's directory, `<root>/sets/NAME`. */
export const SET_FILES = {
  inventory: 'inventory.json',
  descriptions: 'descriptions.json',
  history: 'history',
} as const;

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?$/;

export function setDir(root: string, set: string): string {
  return `${root}/sets/${set}`;
}

/** Throws `set/name`: the name becomes a directory's name. */
export function requireSetName(name: string): string {
  if (NAME.test(name)) return name;
  throw new PodError('set/name', `name a set ${JSON.stringify(name)}: not a name`, {
    hint: 'a name has letters, digits and, inside, . _ -, at most 100; use --set if the name of the folder does not fit',
  });
}

export function listSets(root: string): string[] {
  try {
    return namesIn(`${root}/sets`)
      .filter((name) => NAME.test(name))
      .toSorted();
  } catch (error) {
    const hint = denialHint(error);
    throw new PodError('state/io', `list the sets in "${root}": ${(error as Error).message}`, { hint, cause: error });
  }
}

/** The lock of a set, which only one process can hold; the kernel releases it when the process ends. */
export class SetLock implements Disposable {
  readonly dir: string;
  readonly #fd: number;

  private constructor(dir: string, fd: number) {
    this.dir = dir;
    this.#fd = fd;
  }

  /** Makes the set's directory if necessary. Throws `set/busy`. */
  static take(root: string, set: string): SetLock {
    const lock = SetLock.tryTake(root, set);
    if (lock) return lock;
    throw new PodError('set/busy', `change set "${set}": another pod process is changing it`, {
      hint: 'wait for it to end; pod rollout status shows its progress',
    });
  }

  /** Undefined when another process holds the lock. */
  static tryTake(root: string, set: string): SetLock | undefined {
    const dir = setDir(root, set);
    for (;;) {
      const fd = lockMade(dir);
      if (fd === undefined) return undefined;
      // If the set was deleted meanwhile, this is the lock of a directory that no longer exists.
      if (isSameDir(fd, dir)) return new SetLock(dir, fd);
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Undefined when another process holds the lock. */
function lockMade(dir: string): number | undefined {
  try {
    makeDirectories(dir, 0o700);
    return tryLockPatiently(dir);
  } catch (error) {
    const hint = denialHint(error);
    throw new PodError('state/io', `use "${dir}": ${(error as Error).message}`, { hint, cause: error });
  }
}
