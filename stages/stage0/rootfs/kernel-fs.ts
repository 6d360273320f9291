import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
} from '../../linux/constants.ts';
import type { Reg, Tape } from '../../tape/program.ts';
import { maskedOf, READ_ONLY_PATHS } from './kernel-paths.ts';
import { attachMount, bind, cloneTree, newFileSystem, setMountAttr } from './mount-ops.ts';
import type { RootfsInput } from './types.ts';

const NO_EXEC = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/**
 * Only the owner of a network namespace can mount its sysfs. With the host's namespace, the pod gets a read-only clone of the
 * host's mount; with another pod's, the monitor mounts it while it is inside.
 */
export function planHostSysfs(host: Tape, input: RootfsInput): void {
  const sys = host.program.reg('sys');
  const reason = { at: input.podAt, why: 'open /sys' };
  if (input.joined.includes('net')) {
    newFileSystem(host, { type: 'sysfs', options: [], attributes: NO_EXEC | MOUNT_ATTR_RDONLY }, sys, reason);
  }
  if (!input.hostNetwork) return;
  // In a user namespace that did not make the mounts below it, the kernel rejects a clone without them.
  const recursive = input.isNormalUser;
  cloneTree(host, AT_FDCWD, '/sys', sys, reason, { recursive });
  setMountAttr(host, sys, { set: NO_EXEC | MOUNT_ATTR_RDONLY, recursive }, reason);
}

/** Mounts /proc of the pod's pid namespace; init keeps it, to look after its children. */
export function planProc(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const proc = pod.program.reg('proc');
  const reason = { at: input.podAt, why: 'mount /proc' };
  pod.call('mkdirat', [initRoot, pod.text('proc'), 0o755], reason);
  newFileSystem(pod, { type: 'proc', options: [], attributes: NO_EXEC }, proc, reason);
  attachMount(pod, proc, initRoot, 'proc', reason);
}

export function planSys(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const sys = pod.program.reg('sys');
  const reason = { at: input.podAt, why: 'mount /sys' };
  pod.call('mkdirat', [initRoot, pod.text('sys'), 0o755], reason);
  if (!input.hostNetwork && !input.joined.includes('net')) {
    newFileSystem(pod, { type: 'sysfs', options: [], attributes: NO_EXEC | MOUNT_ATTR_RDONLY }, sys, reason);
  }
  attachMount(pod, sys, initRoot, 'sys', reason);
  pod.call('close', [sys], reason);
}

/**
 * Applies masks and read-only paths once for the pod; apps get clones of the result. Comes after /dev, because /dev/null covers
 * masked files.
 */
export function planKernelPathProtection(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const emptyReason = { at: input.podAt, why: 'make the empty directory that covers masked ones' };
  pod.call('mkdirat', [initRoot, pod.text('empty'), 0o555], emptyReason);
  for (const { path, kind } of maskedOf(input.kernelPaths)) {
    const reason = { at: input.podAt, why: `mask ${path}` };
    const cover = kind === 'file' ? 'dev/null' : 'empty';
    bind(pod, [initRoot, cover], [initRoot, path.slice(1)], reason, { set: MOUNT_ATTR_RDONLY });
  }
  for (const path of READ_ONLY_PATHS) {
    if (!input.kernelPaths.has(path)) continue;
    const reason = { at: input.podAt, why: `make ${path} read-only` };
    bind(pod, [initRoot, path.slice(1)], [initRoot, path.slice(1)], reason, {
      set: MOUNT_ATTR_RDONLY,
      recursive: true,
    });
  }
}
