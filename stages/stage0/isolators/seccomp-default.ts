import { hasCapability } from '../../linux/capabilities.ts';
import { ERRNO } from '../../linux/errno.ts';
import type { SeccompAction, SeccompPolicy, SeccompRule, SeccompTest } from './isolator.ts';
import { ALLOWED_CALLS, CAPABILITY_CALLS, REFUSED_CALLS } from './seccomp-names.ts';

export const ALLOW: SeccompAction = { kind: 'allow' };
export const REFUSE: SeccompAction = { kind: 'errno', errno: ERRNO.EPERM };
/** As if the kernel did not have the call. */
export const UNKNOWN: SeccompAction = { kind: 'errno', errno: ERRNO.ENOSYS };

const ALLOWED: SeccompRule = { action: ALLOW };
const REFUSED: SeccompRule = { action: REFUSE };

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. In clone(2), NEWTIME's bit is part of the exit signal. */
const NAMESPACE_FLAGS = 0x7e02_0000n;

/**
 * The kernel takes an `int` or `unsigned int` argument from the lower half of the register and ignores the upper one; a test
 * of all 64 bits could be dodged, or missed, by what happens to stand there.
 */
const INT = 0xffff_ffffn;

/** Families a pod must not reach: the kernel's cryptography (CVE-2026-31431) and the machine's hypervisor or guests. */
const AF_ALG = 38n;
const AF_VSOCK = 40n;

/** The personalities docker allows: Linux, its 32-bit uname, both with UNAME26, and -1, which only asks. */
const PERSONALITIES = [0n, 0x8n, 0x2_0000n, 0x2_0008n, 0xffff_ffffn];

/** Rules that look at arguments, for an app without CAP_SYS_ADMIN where that lifts them. */
const CLONE: SeccompRule = {
  action: REFUSE,
  when: [{ tests: [{ arg: 0, op: 'masked-eq', value: 0n, mask: NAMESPACE_FLAGS }], action: ALLOW }],
};
const SOCKET: SeccompRule = {
  action: ALLOW,
  when: [AF_ALG, AF_VSOCK].map((family) => ({ tests: [isInt(0, family)], action: REFUSE })),
};
const PERSONALITY: SeccompRule = {
  action: REFUSE,
  when: PERSONALITIES.map((persona) => ({ tests: [isInt(0, persona)], action: ALLOW })),
};

function isInt(arg: 0, value: bigint): SeccompTest {
  return { arg, op: 'masked-eq', value, mask: INT };
}

/** The filter of an app whose manifest names none; `bounding` opens the calls that are of use only with a capability. */
export function defaultPolicy(bounding: bigint): SeccompPolicy {
  const rules = new Map<string, SeccompRule>();
  for (const name of REFUSED_CALLS) rules.set(name, REFUSED);
  for (const name of ALLOWED_CALLS) rules.set(name, ALLOWED);
  rules.set('socket', SOCKET);
  rules.set('personality', PERSONALITY);
  for (const [, calls] of CAPABILITY_CALLS) for (const name of calls) rules.set(name, REFUSED);
  rules.set('clone', CLONE);
  // Its flags are behind a pointer a filter cannot follow; ENOSYS makes C libraries use clone(2) instead.
  rules.set('clone3', { action: UNKNOWN });
  for (const [capability, calls] of CAPABILITY_CALLS) {
    if (hasCapability(bounding, capability)) for (const name of calls) rules.set(name, ALLOWED);
  }
  return { defaultAction: UNKNOWN, rules };
}
