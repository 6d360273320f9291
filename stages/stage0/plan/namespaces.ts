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

/** The pod is in a user namespace made for it with a range of the host's ids; a normal user's monitor is in one itself. */
export function takesRange({ userns }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): boolean {
  return userns.mode !== 'host' && !caller;
}

/** How many ids the pod has; undefined without a user namespace. A normal user may have fewer than the manifest asks for. */
export function idsOf({ userns }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): number | undefined {
  const asked = userns.mode === 'host' ? Infinity : userns.size;
  const ids = Math.min(asked, caller ? idCount(caller) : Infinity);
  return Number.isFinite(ids) ? ids : undefined;
}

/** What a normal user gets for a bridge: the monitor makes the network namespace with its own, and a program of his connects it. */
export function isUserMode({ network }: PodSpec, { caller }: Pick<HostFacts, 'caller'>): boolean {
  return network.mode === 'bridge' && caller?.network !== undefined;
}

/**
 * For the one clone3 that makes PID 1; the kernel makes the user namespace first, and it owns the others. Not every kernel has
 * time namespaces, and would refuse them all with EINVAL: without one a pod sees the host's monotonic clock, as it would anyway.
 * The network's is not among them: see `planNetworkNamespace`.
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
 * Made by PID 1, first of all: it takes the kernel longer than all other namespaces together, and the monitor has other things
 * to do meanwhile. It is the pod's user namespace that owns it all the same.
 */
export function planNetworkNamespace(program: Program, spec: PodSpec, host: Pick<HostFacts, 'caller'>): void {
  const { mode, at } = spec.network;
  if (mode === 'host' || mode === 'pod' || isUserMode(spec, host)) return;
  program.tape({ purpose: 'born' }).call('unshare', [CLONE_NEWNET], { at, why: 'make a network namespace' });
}

/** Container ids 0…size-1 are host ids $uidBase…; written by the monitor, which alone may map them. */
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

/** Nobody has to wait for it; what is left of the pod on disk is for root's eyes only. */
export function planReleaseIds(settle: Tape, spec: PodSpec, host: HostFacts): void {
  if (!takesRange(spec, host)) return;
  const reason = { at: spec.userns.at, why: "free the pod's range of host ids" };
  settle.call('unlinkat', [AT_FDCWD, settle.text([sym('uidRange')]), 0], { ...reason, tolerate: ['ENOENT'] });
}

/** Where a normal user wrote the map of groups himself, the kernel lets nobody in it change his groups (CVE-2014-8989). */
export function keepsGroups({ caller }: Pick<HostFacts, 'caller'>): boolean {
  return caller !== undefined && idCount(caller) === 1;
}

/** First in PID 1: join the cgroup leaf, become the namespace's root, leave the caller's keyring. */
export function planInitIdentity(pod: Tape, spec: PodSpec, host: HostFacts, joins: readonly Reg[]): void {
  const root = { at: spec.userns.at, why: "become the pod's root" };
  for (const tasks of joins) pod.call('write', [tasks, pod.text('0'), 1], { at: spec.at, why: "join init's cgroup" });
  pod.call('unshare', [CLONE_NEWCGROUP], { at: spec.at, why: 'make a cgroup namespace' });
  if (!keepsGroups(host)) pod.call('setgroups', [0, 0], root);
  pod.call('setresgid', [0, 0, 0], root);
  pod.call('setresuid', [0, 0, 0], root);
  // The change of user made it what fs.suid_dumpable says, and /proc/1/fd must stay closed to the pod's root.
  if (!host.caller) pod.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], root);
  // Keyrings belong to no pid namespace. A kernel without keyrings has none to leave.
  pod.call('keyctl', [KEYCTL_JOIN_SESSION_KEYRING, 0], {
    at: spec.at,
    why: 'join a new session keyring',
    tolerate: ['ENOSYS'],
  });
}

/**
 * A normal user's monitor opens files of init's in /proc, which the kernel would give to the host's root if init were not dumpable. So
 * init is until the monitor has all, and not any more when an app is started.
 */
export function planInitShut(pod: Tape, spec: PodSpec, { caller }: Pick<HostFacts, 'caller'>): void {
  if (caller) pod.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], { at: spec.at, why: 'close /proc of init to others' });
}

export function planHostname(pod: Tape, spec: PodSpec, { namespaces }: Pick<Draft, 'namespaces'>): void {
  if (isShared(namespaces?.uts)) return;
  const name = [sym('hostname')];
  pod.call('sethostname', [pod.text(name), pod.lengthOf(name)], { at: spec.at, why: 'set the hostname' });
}
