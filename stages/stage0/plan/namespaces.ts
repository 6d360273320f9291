import {
  AT_FDCWD,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  KEYCTL_JOIN_SESSION_KEYRING,
  O_CLOEXEC,
  O_RDONLY,
  O_WRONLY,
} from '../../linux/constants.ts';
import { PR_SET_DUMPABLE } from '../../linux/prctl.ts';
import { type Program, type Reg, sym, type Tape } from '../../tape/program.ts';
import type { PodSpec } from '../manifest/spec.ts';
import type { Draft } from '../isolators/isolator.ts';
import { isShared } from './joins.ts';
import type { HostFacts } from './facts.ts';
import { idCount } from './caller.ts';

/** EINVAL: pod itself runs in a user namespace, which has no such id. */
const NOT_MAPPED =
  'the id does not exist where pod runs: give pod a range that does, with lines "pod:FIRST:COUNT" in /etc/subuid and /etc/subgid, or write "userns: host"';

/** setresuid(2): the id stays as it is. */
const KEEP = -1;

/**
 * True when the pod gets a user namespace with a range of the host's ids. A normal user's monitor is in a user namespace already.
 */
export function takesRange({ userns }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): boolean {
  return userns.mode !== 'host' && !caller;
}

/** The number of ids of the pod; undefined without a user namespace. A normal user may have fewer than the manifest asks for. */
export function idsOf({ userns }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): number | undefined {
  const asked = userns.mode === 'host' ? Infinity : userns.size;
  const ids = Math.min(asked, caller ? idCount(caller) : Infinity);
  return Number.isFinite(ids) ? ids : undefined;
}

/**
 * How a normal user gets a bridge network: the monitor makes the network namespace with its own namespaces, and a program of the
 * user connects it.
 */
export function isUserMode({ network }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): boolean {
  return network.mode === 'bridge' && caller?.network !== undefined;
}

/**
 * Flags for the single clone3 that makes PID 1. The kernel makes the user namespace first, and it owns the others. A kernel without
 * time namespaces would reject all flags with EINVAL; there the flag is left out, and the pod sees the host's monotonic clock, as
 * it would anyway. The network namespace is not included: see `planNetworkNamespace`.
 */
export function cloneFlags(
  spec: PodSpec,
  host: Pick<HostFacts, 'hasTimeNamespace' | 'caller'>,
  { namespaces }: Pick<Draft, 'namespaces'>,
): bigint {
  const always = CLONE_NEWPID | CLONE_NEWNS;
  const uts = isShared(namespaces?.uts) ? 0n : CLONE_NEWUTS;
  const ipc = isShared(namespaces?.ipc) ? 0n : CLONE_NEWIPC;
  const time = host.hasTimeNamespace && (namespaces?.time.value ?? 'private') === 'private' ? CLONE_NEWTIME : 0n;
  const user = takesRange(spec, host) ? CLONE_NEWUSER : 0n;
  return always | uts | ipc | time | user;
}

/**
 * PID 1 makes its network namespace itself, first of all: the kernel needs longer for it than for all other namespaces together,
 * and the monitor has other work meanwhile. The pod's user namespace still owns it.
 */
export function planNetworkNamespace(program: Program, spec: PodSpec, host: Pick<HostFacts, 'caller'>): void {
  const { mode, at } = spec.network;
  if (mode === 'host' || mode === 'pod' || isUserMode(spec, host)) return;
  program.tape({ purpose: 'born' }).call('unshare', [CLONE_NEWNET], { at, why: 'make a network namespace' });
}

/**
 * The last step before PID 1 is made, as whoever makes a user namespace is charged for what is counted there by user: inotify
 * instances, message queues, queued signals. Made by the host's root, a pod could use up those of the host and of all other pods;
 * made by an id of the pod's own range, only its own. Files are still opened as root: the kernel checks that PID 1 may enter its cgroup.
 */
export function planOwnerOfIds(host: Tape, spec: PodSpec, facts: HostFacts): void {
  if (!takesRange(spec, facts)) return;
  const reason = { at: spec.userns.at, why: "let the pod's own ids own its user namespace" };
  host.call('setresuid', [KEEP, sym('uidBase'), KEEP], { ...reason, hint: NOT_MAPPED });
  host.call('setfsuid', [0], reason);
  planShutAgain(host, spec);
}

/** First on `base`; and on `cleanup`, in case PID 1 could not be made. */
export function planRootAgain(tape: Tape, spec: PodSpec, facts: HostFacts): void {
  if (!takesRange(spec, facts)) return;
  tape.call('setresuid', [KEEP, 0, KEEP], { at: spec.userns.at, why: 'be root again' });
  planShutAgain(tape, spec);
}

/** After a change of user, the dumpable flag is what fs.suid_dumpable says. */
function planShutAgain(tape: Tape, spec: PodSpec): void {
  tape.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], { at: spec.userns.at, why: 'keep /proc of the monitor closed' });
}

/** Maps container ids 0…size-1 to host ids $uidBase…; written by the monitor, which alone may map them. */
export function planIdMaps(attach: Tape, spec: PodSpec, host: HostFacts): void {
  if (spec.userns.mode === 'host' || !takesRange(spec, host)) return;
  const { program } = attach;
  const map = [`0 `, sym('uidBase'), ` ${spec.userns.size}\n`] as const;
  const file = program.reg('map');
  for (const name of ['uid_map', 'gid_map']) {
    const reason = { at: spec.userns.at, why: `write ${name}` };
    attach.call('openat', [program.reg('initProc'), attach.text(name), O_WRONLY | O_CLOEXEC, 0], {
      ...reason,
      out: file,
    });
    attach.call('write', [file, attach.text(map), attach.lengthOf(map)], reason);
    attach.call('close', [file], reason);
  }
  attach.call('openat', [program.reg('initProc'), attach.text('ns/user'), O_RDONLY | O_CLOEXEC, 0], {
    at: spec.userns.at,
    why: 'open the user namespace',
    out: program.reg('userns'),
  });
}

/** On the settle tape, because nothing has to wait for it; the files that the pod leaves on disk can only be read by root. */
export function planReleaseIds(settle: Tape, spec: PodSpec, host: HostFacts): void {
  if (!takesRange(spec, host)) return;
  const reason = { at: spec.userns.at, why: "free the pod's range of host ids" };
  settle.call('unlinkat', [AT_FDCWD, settle.text([sym('uidRange')]), 0], { ...reason, tolerate: ['ENOENT'] });
}

/** True when a normal user wrote the group map without newgidmap: the kernel then forbids changing groups (CVE-2014-8989). */
export function keepsGroups({ caller }: Pick<HostFacts, 'caller'>): boolean {
  return caller !== undefined && idCount(caller) === 1;
}

/** First in PID 1: joins the cgroup leaf, becomes the namespace's root, leaves the caller's keyring. */
export function planInitIdentity(pod: Tape, spec: PodSpec, host: HostFacts, joins: readonly Reg[]): void {
  const root = { at: spec.userns.at, why: "become the pod's root" };
  for (const tasks of joins) pod.call('write', [tasks, pod.text('0'), 1], { at: spec.at, why: "join init's cgroup" });
  pod.call('unshare', [CLONE_NEWCGROUP], { at: spec.at, why: 'make a cgroup namespace' });
  if (!keepsGroups(host)) pod.call('setgroups', [0, 0], root);
  pod.call('setresgid', [0, 0, 0], root);
  pod.call('setresuid', [0, 0, 0], root);
  // After the change of user, the dumpable flag is what fs.suid_dumpable says; /proc/1/fd must stay closed to the pod's root.
  if (!host.caller) pod.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], root);
  // Keyrings are not tied to a pid namespace. A kernel without keyrings has none to leave.
  pod.call('keyctl', [KEYCTL_JOIN_SESSION_KEYRING, 0], {
    at: spec.at,
    why: 'join a new session keyring',
    tolerate: ['ENOSYS'],
  });
}

/**
 * A normal user's monitor opens /proc files of init, which would belong to the host's root if init were not dumpable. So init stays
 * dumpable until the monitor has opened them all, and is made non-dumpable before any app starts.
 */
export function planInitShut(pod: Tape, spec: PodSpec, { caller }: Pick<HostFacts, 'caller'>): void {
  if (caller) pod.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], { at: spec.at, why: 'close /proc of init to others' });
}

export function planHostname(pod: Tape, spec: PodSpec, { namespaces }: Pick<Draft, 'namespaces'>): void {
  if (isShared(namespaces?.uts)) return;
  const name = [sym('hostname')];
  pod.call('sethostname', [pod.text(name), pod.lengthOf(name)], { at: spec.at, why: 'set the hostname' });
}
