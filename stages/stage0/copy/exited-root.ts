import { existsSync, readdirSync } from 'node:fs';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { openat2, tryOpenat2 } from '../../linux/file.ts';
import { inNewMountNamespace } from '../../linux/mount-namespace.ts';
import type { LeftVolume } from '../rootfs/left-volumes.ts';
import { attachMount, cloneReadOnly } from '../../linux/overlay.ts';
import { PodError } from '../error.ts';
import type { ImageMount } from '../image/types.ts';
import { tryShareDir } from '../pod/lock.ts';
import type { PodDir } from '../pod/store.ts';
import { overlayDir } from '../rootfs/upper.ts';
import { mountMerged } from './mount-merged.ts';

export interface ExitedRoot extends Disposable {
  readonly root: Fd;
  /** Volumes that could not be put where the app had them. */
  readonly unreachable: readonly LeftVolume[];
}

/**
 * What an app left: its image with what it wrote on top, mounted again to be read, where only this process sees it. The pod
 * cannot be removed meanwhile.
 */
export function mountExitedRoot(
  pod: PodDir,
  app: string,
  mounts: readonly ImageMount[],
  volumes: readonly LeftVolume[],
): ExitedRoot {
  const held: Disposable[] = [];
  const unreachable: LeftVolume[] = [];
  const release = (): void => {
    for (const one of held.splice(0).reverse()) one[Symbol.dispose]();
  };
  try {
    held.push(keepFromRemoval(pod));
    const gone = mounts.flatMap(({ layers }) => layers).find((layer) => !existsSync(layer));
    if (gone !== undefined || mounts.length === 0)
      throw new PodError('pod/state', `open the files of app "${app}": its image is gone`, {
        hint: 'an exited pod shares files with its image; removing the image removed them',
      });
    const left = volumes.filter(({ directory }) => directory !== undefined);
    const isAlone = mounts.length + left.length === 1;
    const mountAll = (): void => {
      const merged = mounts.map(({ target, layers }, i) => ({
        target,
        topFirst: [upperOf(pod.path, app, i), ...layers.toReversed()],
      }));
      mountMerged(merged, held, { isAlone });
      for (const volume of left) {
        const mount = mountVolume(pod, volume, held[1] as Fd);
        if (mount) held.push(mount);
        else unreachable.push(volume);
      }
    };
    // What is mounted below something needs a place in a namespace.
    if (isAlone) mountAll();
    else held.push(inNewMountNamespace(mountAll));
  } catch (error) {
    release();
    throw error;
  }
  return { root: held[1] as Fd, unreachable, [Symbol.dispose]: release };
}

function keepFromRemoval({ path, uuid }: PodDir): Fd {
  const lock = tryShareDir(path);
  if (lock === undefined) throw new PodError('pod/state', `open the files of pod ${uuid}: it is being removed`);
  return new Fd(lock);
}

/** As it was mounted, but to be read only. Undefined where its place was in a volume that is gone, or what it is of was removed. */
function mountVolume({ path: podPath }: PodDir, volume: LeftVolume, root: Fd): Fd | undefined {
  const { path, subPath = '.', directory = '.' } = volume;
  // The way to the pod may lead over links of the host; the one from there must not.
  using pod = new Fd(openat2(AT_FDCWD, podPath, O_PATH | O_DIRECTORY, 0));
  using whole = openIfThere(pod, directory, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
  const inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  using part = whole && openIfThere(whole, subPath, inside);
  using place = openIfThere(root, path, inside);
  if (!part || !place) return undefined;
  const mount = cloneReadOnly(part);
  try {
    attachMount(mount, place);
    return mount;
  } catch (error) {
    mount[Symbol.dispose]();
    throw error;
  }
}

function openIfThere(directory: Fd, path: string, resolve: number): Fd | undefined {
  const fd = tryOpenat2(directory.number, path, O_PATH | O_DIRECTORY, resolve);
  if (fd === -ERRNO.ENOENT || fd === -ERRNO.ENOTDIR || fd === -ERRNO.ELOOP) return undefined;
  if (fd < 0) throw new SyscallError('openat2', -fd, path);
  return new Fd(fd);
}

/** Where it is limited it is in a directory of its own, or on a file system that went with the pod. */
function upperOf(podPath: string, app: string, index: number): string {
  const name = overlayDir('upper', { name: app }, index);
  const stores = readdirSync(podPath).filter((entry) => entry.startsWith('store.'));
  const found = ['', ...stores.map((store) => `${store}/`)]
    .map((above) => `${podPath}/${above}${name}`)
    .find(existsSync);
  if (found !== undefined) return found;
  throw new PodError(
    'pod/state',
    `open the files of app "${app}": its writable layer was on a file system that is gone`,
    {
      hint: 'on this host, the size-limited disk of an app is its own file system, which ends with the pod',
    },
  );
}
