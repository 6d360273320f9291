// user_namespaces(7)

import {
  AT_FDCWD,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWUSER,
  O_CLOEXEC,
  O_CREAT,
  O_WRONLY,
} from '../../linux/constants.ts';
import { PR_SET_DUMPABLE } from '../../linux/prctl.ts';
import type { OpOptions, Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { idCount, type IdMapping, mappingsOf } from '../plan/caller.ts';
import type { CallerFacts, HostFacts } from '../plan/facts.ts';
import { isUserMode } from '../plan/namespaces.ts';
import type { EnterPlan } from '../plan/types.ts';
import { POD_FILES } from '../pod/layout.ts';
import { planHandshake } from './plan-handshake.ts';
import { publishedPorts } from './plan-network.ts';
import type { UserNetwork } from './user-network.ts';

/** What stage0 does for the monitor once the monitor is in its namespaces. */
export interface Entry {
  /** Absent: the monitor maps its single id itself. */
  readonly maps?: IdMaps;
  readonly network?: UserNetwork;
}

export interface IdMaps {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** The number of the caller's ids that the pod gets. */
export function idsOf({ userns }: PodSpec, caller: CallerFacts): number {
  return Math.min(userns.mode === 'auto' ? userns.size : 1, idCount(caller));
}

/** Undefined when the monitor needs no help from stage0. */
export function entryOf(spec: PodSpec, facts: HostFacts): Entry | undefined {
  const { caller } = facts;
  if (!caller) return undefined;
  const maps = mapsFor(caller, idsOf(spec, caller));
  const network = isUserMode(spec, facts) && { ports: publishedPorts(spec), at: spec.network.at };
  if (!maps && !network) return undefined;
  return { ...(maps ? { maps } : {}), ...(network ? { network } : {}) };
}

export function mapsFor(caller: CallerFacts, size: number): IdMaps | undefined {
  if (size === 1) return undefined;
  return { uids: mappingsOf(caller.uid, caller.uids, size), gids: mappingsOf(caller.gid, caller.gids, size) };
}

/** A normal user may mount, and make the pod's namespaces, only inside a user namespace that he owns, so the monitor enters one. */
export function planEntry(spec: PodSpec, facts: HostFacts): EnterPlan | undefined {
  const { caller } = facts;
  if (!caller) return undefined;
  const { at } = spec.userns;
  return {
    planEnter: (enter) =>
      planInto(enter, caller, { size: idsOf(spec, caller), ownNetwork: isUserMode(spec, facts), at }),
    planShut: (attach) => {
      planInitFile(attach, spec);
      planDumpable(attach, 0, { at, why: 'close /proc of the monitor to others' });
    },
  };
}

export interface Into {
  /** Number of ids. */
  readonly size: number;
  /** Also make a network namespace, which others connect. */
  readonly ownNetwork?: boolean;
  readonly at?: Position;
}

/** Enters new namespaces; the rest of the tape runs as their root. */
export function planInto(enter: Tape, caller: CallerFacts, { size, ownNetwork = false, at }: Into): void {
  // A process that is not dumpable has /proc files owned by the host's root, so even the process itself could not write its id
  // maps.
  planDumpable(enter, 1, { at, why: 'let the user write to /proc of the monitor' });
  const flags = CLONE_NEWUSER | CLONE_NEWNS | (ownNetwork ? CLONE_NEWNET : 0n);
  enter.call('unshare', [flags], { at, why: 'make a user namespace of your own' });
  if (size === 1) planOneId(enter, caller, at);
  if (size > 1 || ownNetwork) planHandshake(enter, at);
}

function planDumpable(tape: Tape, value: 0 | 1, reason: Pick<OpOptions, 'at' | 'why'>): void {
  tape.call('prctl', [PR_SET_DUMPABLE, value, 0, 0, 0], reason);
}

/** Records init's pid in a file, for pods without a cgroup to find it in. Read by `readInitPid`. */
function planInitFile(attach: Tape, { at }: PodSpec): void {
  const { program } = attach;
  const reason = { at, why: 'write down which process init is' };
  const pid = attach.buffer(4);
  const file = program.reg('initFile');
  const flags = O_WRONLY | O_CREAT | O_CLOEXEC;
  attach.call('openat', [program.reg('podDir'), attach.text(POD_FILES.init), flags, 0o600], { ...reason, out: file });
  attach.call('tape.store32', [pid, program.reg('initPid')], reason);
  attach.call('write', [file, pid, 4], reason);
  attach.call('close', [file], reason);
}

/** The kernel requires `deny` in setgroups before a user may write gid_map. */
function planOneId(enter: Tape, caller: CallerFacts, at: Position | undefined): void {
  const file = enter.program.reg('map');
  for (const [name, text] of [
    ['setgroups', 'deny'],
    ['uid_map', `0 ${caller.uid} 1\n`],
    ['gid_map', `0 ${caller.gid} 1\n`],
  ] as const) {
    const reason = { at, why: `write ${name}` };
    enter.call('openat', [AT_FDCWD, enter.text(`/proc/self/${name}`), O_WRONLY | O_CLOEXEC, 0], {
      ...reason,
      out: file,
    });
    enter.call('write', [file, enter.text(text), text.length], reason);
    enter.call('close', [file], reason);
  }
}
