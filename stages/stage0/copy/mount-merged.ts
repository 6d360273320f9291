import { AT_FDCWD, O_DIRECTORY, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2 } from '../../linux/file.ts';
import { attachMount, mountReadOnlyOverlay } from '../../linux/overlay.ts';
import { LAYER_HANGER } from '../rootfs/mount-namespace.ts';

/** Directories that are one tree at a path of the root. */
export interface Merged {
  readonly target: string;
  /** At least two. */
  readonly topFirst: readonly string[];
}

export interface MergeOptions {
  /** Nothing else is mounted below. */
  readonly isAlone: boolean;
  /** See `mountReadOnlyOverlay`. */
  readonly marks?: 'trusted' | 'user';
}

/**
 * Mounts them to be read, the root first, and adds each to `held`. What is mounted below something needs a place in a mount
 * namespace, so only one that is `isAlone` is mounted without.
 */
export function mountMerged(merged: readonly Merged[], held: Disposable[], { isAlone, marks }: MergeOptions): void {
  let root: Fd | undefined;
  for (const { target, topFirst } of merged) {
    const mount = mountLayers(topFirst, marks);
    held.push(mount);
    if (root) attachBelow(root, target, mount);
    else if (!isAlone) attachAt(LAYER_HANGER, mount);
    root ??= mount;
  }
}

/** By descriptors, whose paths are short and hold no colon. */
function mountLayers(directories: readonly string[], marks: MergeOptions['marks']): Fd {
  const fds: Fd[] = [];
  try {
    for (const path of directories) fds.push(new Fd(openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0)));
    return mountReadOnlyOverlay(
      fds.map(({ number }) => `/proc/self/fd/${number}`),
      marks,
    );
  } finally {
    for (const fd of fds) fd[Symbol.dispose]();
  }
}

function attachAt(path: string, mount: Fd): void {
  using hanger = new Fd(openat2(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0));
  attachMount(mount, hanger);
}

function attachBelow(root: Fd, target: string, mount: Fd): void {
  using place = new Fd(openat2(root.number, target, O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  attachMount(mount, place);
}
