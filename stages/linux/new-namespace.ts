// unshare(2), setns(2), namespaces(7)

import { existsSync, openSync } from 'node:fs';
import { CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUTS } from './constants.ts';
import { ERRNO } from './errno.ts';
import { Fd } from './fd.ts';
import { mustReturn } from './return.ts';
import { syscall, trySyscall } from './syscall.ts';

/** By their names in /proc/PID/ns. Of mounts: `inNewMountNamespace`. A thread of several cannot make a user namespace. */
type Kind = 'uts' | 'ipc' | 'net' | 'pid_for_children' | 'cgroup';
const FLAGS: Readonly<Record<Kind, bigint>> = {
  uts: CLONE_NEWUTS,
  ipc: CLONE_NEWIPC,
  net: CLONE_NEWNET,
  pid_for_children: CLONE_NEWPID,
  cgroup: CLONE_NEWCGROUP,
};

/**
 * Runs `work` with this thread in a new namespace and comes back, also on an exception; the namespace ends then. `work` must not
 * await anything. Returns 0, or minus the errno when there is no new one: EINVAL without such namespaces, EPERM without
 * CAP_SYS_ADMIN.
 */
export function tryInNewNamespace(kind: Kind, work: () => void): number {
  if (!existsSync(`/proc/self/ns/${kind}`)) return -ERRNO.EINVAL;
  using home = new Fd(openSync(`/proc/thread-self/ns/${kind}`, 'r'));
  const made = trySyscall('unshare', FLAGS[kind]);
  if (made < 0) return made;
  try {
    work();
  } finally {
    mustReturn(() => void syscall('setns', home.number, FLAGS[kind]));
  }
  return 0;
}
