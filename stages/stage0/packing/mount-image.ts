import { mkdirSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { inNewMountNamespace } from '../../linux/mount-namespace.ts';
import { mountMerged } from '../copy/mount-merged.ts';
import type { ImageMount } from '../image/types.ts';

export interface MountedImage extends Disposable {
  readonly root: Fd;
}

/** What a pod would see of an image, to be read, where only this process sees it. An empty directory is made at `emptyPath`, unless it is there. */
export function mountImage(mounts: readonly ImageMount[], emptyPath: string, marks: 'trusted' | 'user'): MountedImage {
  mkdirSync(emptyPath, { mode: 0o700, recursive: true });
  const held: Disposable[] = [];
  const release = (): void => {
    for (const one of held.splice(0).reverse()) one[Symbol.dispose]();
  };
  // Overlayfs merges two directories at least, and shows marks of its own in one that it does not merge.
  const merged = mounts.map(({ target, layers }) => ({ target, topFirst: [...layers.toReversed(), emptyPath] }));
  const isAlone = mounts.length === 1;
  try {
    const mountAll = (): void => mountMerged(merged, held, { isAlone, marks });
    if (isAlone) mountAll();
    else held.push(inNewMountNamespace(mountAll));
  } catch (error) {
    release();
    throw error;
  }
  return { root: held[0] as Fd, [Symbol.dispose]: release };
}
