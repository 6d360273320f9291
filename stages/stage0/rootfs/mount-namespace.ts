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
import type { Position } from '../error.ts';

/** A directory every host has, to attach layers to. Nothing is looked up below it while they are there. */
export const LAYER_HANGER = '/sys';

/**
 * Until Linux 6.15: an overlay refuses directories whose mounts are not in the caller's mount namespace. So the monitor is in
 * one of its own while it makes them, with the layers attached there, where the host never sees them. The pod's directory is
 * opened anew inside, for the writable layers; the working directory is /proc/self/fd.
 */
export function inMountNamespace(attach: Tape, at: Position, plan: (podDir: Reg) => void): void {
  const { program } = attach;
  const [host, root, podDir] = [program.reg('host.mounts'), program.reg('host.root'), program.reg('host.podDir')];
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
  attach.call('openat', [AT_FDCWD, attach.text([sym('podDir')]), directory, 0], { ...enter, out: podDir });
  attach.call('chdir', [attach.text('/proc/self/fd')], enter);
  plan(podDir);
  attach.call('setns', [host, CLONE_NEWNS], leave);
  // setns(2) moves to the root of the namespace; ours may be a chroot.
  attach.call('fchdir', [root], leave);
  attach.call('chroot', [attach.text('.')], leave);
  for (const fd of [podDir, root, host]) attach.call('close', [fd], leave);
}
