// podman's default profile (containers-common 0.50.1, /usr/share/containers/seccomp.json), said as what it differs by from docker's:
// made for containers that make containers, it lets an app mount and unshare what its user namespace allows.

import { type CapabilityName, hasCapability } from '../../linux/capabilities.ts';
import { ERRNO } from '../../linux/errno.ts';
import type { SeccompPolicy, SeccompRule } from './isolator.ts';
import { ALLOW, defaultPolicy, REFUSE, UNKNOWN } from './seccomp-default.ts';
import { ALLOWED_CALLS } from './seccomp-names.ts';

const MORE =
  'clone clone3 fsconfig fsmount fsopen fspick get_mempolicy keyctl mbind mount mount_setattr move_mount open_tree ' +
  'pidfd_getfd pivot_root reboot set_mempolicy setns syslog umount2 unshare';

/** Newer than the profile, or refused by it. */
const LESS =
  'cachestat fchmodat2 futex_requeue futex_wait futex_waitv futex_wake getxattrat io_pgetevents listmount listxattrat ' +
  'map_shadow_stack mseal removexattrat setxattrat statmount uretprobe vmsplice';

/** Refused with EPERM whatever the capabilities. */
const REFUSED =
  'io_pgetevents kexec_file_load kexec_load migrate_pages move_pages nfsservctl swapoff swapon sysfs uselib userfaultfd ' +
  'ustat vmsplice';

/** Refused with EPERM without the capability. */
const BY_CAPABILITY: readonly (readonly [CapabilityName, string])[] = [
  ['CAP_DAC_READ_SEARCH', 'open_by_handle_at'],
  ['CAP_SYS_ADMIN', 'bpf fanotify_init lookup_dcookie perf_event_open quotactl setdomainname sethostname'],
  ['CAP_SYS_CHROOT', 'chroot'],
  ['CAP_SYS_MODULE', 'delete_module finit_module init_module query_module'],
  ['CAP_SYS_PACCT', 'acct'],
  ['CAP_SYS_PTRACE', 'kcmp process_madvise'],
  ['CAP_SYS_RAWIO', 'ioperm iopl'],
  ['CAP_SYS_TIME', 'clock_settime settimeofday'],
  ['CAP_SYS_TTY_CONFIG', 'vhangup'],
];

const AF_NETLINK = 16n;
const NETLINK_AUDIT = 9n;

/** The kernel reads both arguments as an `int`. */
const INT = 0xffff_ffffn;

/** Without CAP_AUDIT_WRITE, the one kind of socket that programs take as a sign that there is an audit to write to. */
const SOCKET: SeccompRule = {
  action: ALLOW,
  when: [
    {
      tests: [
        { arg: 0, op: 'masked-eq', value: AF_NETLINK, mask: INT },
        { arg: 2, op: 'masked-eq', value: NETLINK_AUDIT, mask: INT },
      ],
      action: { kind: 'errno', errno: ERRNO.EINVAL },
    },
  ],
};

export function podmanPolicy(bounding: bigint): SeccompPolicy {
  const rules = new Map<string, SeccompRule>();
  const less = new Set(LESS.split(' '));
  for (const name of podmanRefusals()) rules.set(name, { action: REFUSE });
  for (const name of ALLOWED_CALLS) if (!less.has(name)) rules.set(name, { action: ALLOW });
  for (const name of MORE.split(' ')) rules.set(name, { action: ALLOW });
  rules.set('socket', hasCapability(bounding, 'CAP_AUDIT_WRITE') ? { action: ALLOW } : SOCKET);
  // The same test as docker's.
  rules.set('personality', defaultPolicy(bounding).rules.get('personality')!);
  for (const [capability, calls] of BY_CAPABILITY) {
    const action = hasCapability(bounding, capability) ? ALLOW : REFUSE;
    for (const name of calls.split(' ')) rules.set(name, { action });
  }
  return { defaultAction: UNKNOWN, rules };
}

/** What the profile refuses by name. */
export function podmanRefusals(): readonly string[] {
  return REFUSED.split(' ');
}
