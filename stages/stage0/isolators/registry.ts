import { APPARMOR_PROFILE } from './apparmor-profile.ts';
import { BLOCK_BANDWIDTH } from './block-bandwidth.ts';
import { BLOCK_IOPS } from './block-iops.ts';
import { CAPABILITIES_REMOVE_SET } from './capabilities-remove-set.ts';
import { CAPABILITIES_RETAIN_SET } from './capabilities-retain-set.ts';
import { CPU } from './cpu.ts';
import type { AnyIsolator } from './isolator.ts';
import { CPUSET } from './cpuset.ts';
import { CPU_SHARES } from './cpu-shares.ts';
import { DEVICES } from './devices.ts';
import { DISK_SPACE } from './disk-space.ts';
import { EPHEMERAL_STORAGE } from './ephemeral-storage.ts';
import { HUGETLB } from './hugetlb.ts';
import { IO } from './io.ts';
import { KEYRING } from './keyring.ts';
import { LANDLOCK } from './landlock.ts';
import { MASKED } from './masked-paths.ts';
import { PERSONALITY } from './personality.ts';
import { READ_ONLY } from './readonly-paths.ts';
import { RDMA } from './rdma.ts';
import { RLIMITS } from './rlimits.ts';
import { SCHEDULER } from './scheduler.ts';
import { SYSCTL, UNIX_SYSCTL } from './sysctl.ts';
import { UMASK } from './umask.ts';
import { MEMORY } from './memory.ts';
import { MISC } from './misc.ts';
import { NETWORK_BANDWIDTH } from './network-bandwidth.ts';
import { NAMESPACES } from './namespaces.ts';
import { NET_CLASS } from './net-class.ts';
import { NET_PRIORITY } from './net-priority.ts';
import { NO_NEW_PRIVILEGES } from './no-new-privileges.ts';
import { OOM_SCORE_ADJ } from './oom-score-adj.ts';
import { PIDS } from './pids.ts';
import { SECCOMP_PROFILE } from './seccomp-profile.ts';
import { SECCOMP_REMOVE_SET } from './seccomp-remove-set.ts';
import { SECCOMP_RETAIN_SET } from './seccomp-retain-set.ts';
import { SELINUX_CONTEXT } from './selinux-context.ts';

/**
 * Every isolator there is, in the order they are lowered: the filter depends on the capabilities and on no_new_privs, so it
 * comes after both. To add one: its file, and its line here.
 */
export const ISOLATORS: readonly AnyIsolator[] = [
  CPU,
  // It takes the place of the weight that a limit implies.
  CPU_SHARES,
  CPUSET,
  MEMORY,
  PIDS,
  NETWORK_BANDWIDTH,
  HUGETLB,
  RDMA,
  MISC,
  BLOCK_BANDWIDTH,
  BLOCK_IOPS,
  IO,
  DISK_SPACE,
  EPHEMERAL_STORAGE,
  NET_CLASS,
  NET_PRIORITY,
  DEVICES,
  CAPABILITIES_RETAIN_SET,
  CAPABILITIES_REMOVE_SET,
  NO_NEW_PRIVILEGES,
  OOM_SCORE_ADJ,
  RLIMITS,
  UMASK,
  SCHEDULER,
  PERSONALITY,
  KEYRING,
  // What is shared, sysctl leaves alone.
  NAMESPACES,
  SYSCTL,
  UNIX_SYSCTL,
  MASKED,
  READ_ONLY,
  LANDLOCK,
  APPARMOR_PROFILE,
  SELINUX_CONTEXT,
  // Its default is the filter of every app, so it comes before the other.
  SECCOMP_REMOVE_SET,
  SECCOMP_RETAIN_SET,
  SECCOMP_PROFILE,
];

export function findIsolator(name: string): AnyIsolator | undefined {
  return ISOLATORS.find((isolator) => isolator.name === name);
}
