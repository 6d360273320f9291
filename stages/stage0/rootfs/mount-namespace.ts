import {
  AT_FDCWD,
  AT_RECURSIVE,
  CLONE_NEWNS,
  MS_PRIVATE,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
} from '../../linux/constants.ts';
import { MOUNT_ATTR_SIZE, mountAttr } from '../../linux/structs.ts';
import { type Reg, sym, type Tape } from '../../tape/program.ts';
import { attachMount, type Reason } from './mount-ops.ts';
import type { RootfsInput } from './types.ts';

/** A directory that every host has, for attaching layers. Nothing below it is looked up while they are attached. */
export const LAYER_HANGER = '/sys';

/** Another one, for mounts that must not cover anything needed. */
const STORAGE_HANGER = '/dev';

/**
 * Until Linux 6.15: an overlay rejects directories whose mounts are not in the caller's mount namespace. So the monitor is in a
 * namespace of its own while it makes the overlays, with the layers attached there, where the host does not see them. The pod's
 * directory is opened again inside, for the writable layers (storage in memory is attached there); the working directory is
 * /proc/self/fd.
 */
export function inMountNamespace(
  attach: Tape,
  { podAt: at, storage }: Pick<RootfsInput, 'podAt' | 'storage'>,
  plan: (storage: Reg) => void,
): void {
  const { program } = attach;
  const [host, root, inside] = [program.reg('host.mounts'), program.reg('host.root'), program.reg('host.podDir')];
  const enter = { at, why: 'make a mount namespace to build overlays in' };
  const leave = { at, why: "go back to the host's mount namespace" };
  const directory = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const open = (path: string, flags: number, out: Reg): void => {
    attach.call('openat', [AT_FDCWD, attach.text(path), flags, 0], { ...enter, out });
  };
  open('/proc/self/ns/mnt', O_RDONLY | O_CLOEXEC, host);
  open('/', directory, root);
  attach.call('unshare', [CLONE_NEWNS], enter);
  const attr = attach.bytes(mountAttr({ propagation: MS_PRIVATE }));
  attach.call('mount_setattr', [AT_FDCWD, attach.text('/'), AT_RECURSIVE, attr, MOUNT_ATTR_SIZE], enter);
  planInside(attach, storage, inside, enter);
  attach.call('chdir', [attach.text('/proc/self/fd')], enter);
  plan(inside);
  attach.call('setns', [host, CLONE_NEWNS], leave);
  // setns(2) moves to the root of the namespace; ours may be a chroot.
  attach.call('fchdir', [root], leave);
  attach.call('chroot', [attach.text('.')], leave);
  for (const fd of [inside, root, host]) attach.call('close', [fd], leave);
}

function planInside(attach: Tape, storage: RootfsInput['storage'], out: Reg, reason: Reason): void {
  const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  const path = attach.text(storage === 'memory' ? STORAGE_HANGER : storage === 'pod' ? [sym('podDir')] : storage.path);
  if (storage === 'memory') attachMount(attach, attach.program.reg('storage'), AT_FDCWD, STORAGE_HANGER, reason);
  attach.call('openat', [AT_FDCWD, path, flags, 0], { ...reason, out });
}
