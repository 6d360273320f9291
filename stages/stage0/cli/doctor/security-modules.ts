// proc_pid_attr(5), selinux(8), apparmor(7)

import { lookAround } from '../../plan/look.ts';
import type { Check, Finding } from './check.ts';

const SELINUX = 'text /sys/fs/selinux/enforce';
const APPARMOR = 'text /sys/module/apparmor/parameters/enabled';
const OWN = 'text /proc/self/attr/current';

/** A kernel has one of the two that label processes, or none. Pods need neither. */
export const SECURITY_MODULE_CHECKS: readonly Check[] = [
  { name: 'security modules', run: () => describeModules(lookAround([SELINUX, APPARMOR, OWN])) },
];

/** `looked`: null for what is not there. The policy has to let the label of pod itself go over into those of apps. */
export function describeModules(looked: ReturnType<typeof lookAround>): Finding {
  const own = typeof looked[OWN] === 'string' ? `, and pod runs as "${looked[OWN].replace('\0', '')}"` : '';
  if (looked[SELINUX] === '0') {
    const detail = `SELinux is permissive: it denies nothing${own}`;
    return { status: 'limited', detail, remedy: 'setenforce 1, if apps have SELinux contexts to confine them' };
  }
  if (looked[SELINUX] !== null) return { status: 'OK', detail: `SELinux enforces its policy${own}` };
  if (looked[APPARMOR] === 'Y') return { status: 'OK', detail: `AppArmor is active${own}` };
  return { status: 'OK', detail: 'neither SELinux nor AppArmor is active: apps cannot have their labels' };
}
