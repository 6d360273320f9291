// user_namespaces(7)

import { AT_FDCWD, CLONE_NEWNS, CLONE_NEWUSER, O_CLOEXEC, O_CREAT, O_WRONLY } from '../../linux/constants.ts';
import { PR_SET_DUMPABLE } from '../../linux/prctl.ts';
import { encodeMessage, MESSAGE_BYTES } from '../../stage1/message.ts';
import type { OpOptions, Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { idCount, type IdMapping, mappingsOf } from '../plan/caller.ts';
import type { CallerFacts, HostFacts } from '../plan/facts.ts';
import type { EnterPlan } from '../plan/types.ts';
import { POD_FILES } from '../pod/layout.ts';

/** HANDOFF_FD of stage1.h. */
const HANDOFF_FD = 3;

/** What stage0 does for the monitor once that is in its namespaces. */
export interface Entry {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** How many ids of the caller's the pod gets. */
export function idsOf({ userns }: PodSpec, caller: CallerFacts): number {
  return Math.min(userns.mode === 'auto' ? userns.size : 1, idCount(caller));
}

export function entryOf(spec: PodSpec, { caller }: HostFacts): Entry | undefined {
  return caller && entryFor(caller, idsOf(spec, caller));
}

/** Undefined where the monitor can do all by itself: it may map one id, its own. */
export function entryFor(caller: CallerFacts, size: number): Entry | undefined {
  if (size === 1) return undefined;
  return { uids: mappingsOf(caller.uid, caller.uids, size), gids: mappingsOf(caller.gid, caller.gids, size) };
}

/** A normal user may mount, and make the pod's namespaces, where he owns the user namespace: so the monitor goes into one. */
export function planEntry(spec: PodSpec, facts: HostFacts): EnterPlan | undefined {
  const { caller } = facts;
  if (!caller) return undefined;
  const { at } = spec.userns;
  return {
    planEnter: (enter) => planInto(enter, caller, idsOf(spec, caller), at),
    planShut: (attach) => {
      planInitFile(attach, spec);
      planDumpable(attach, 0, { at, why: 'close /proc of the monitor to others' });
    },
  };
}

/** Into namespaces of `size` ids, from where the tape goes on as their root. */
export function planInto(enter: Tape, caller: CallerFacts, size: number, at?: Position): void {
  // What /proc shows of others belongs to the host's root: its maps could not be written, not even by itself.
  planDumpable(enter, 1, { at, why: 'let the user write to /proc of the monitor' });
  enter.call('unshare', [CLONE_NEWUSER | CLONE_NEWNS], { at, why: 'make a user namespace of your own' });
  if (entryFor(caller, size)) planHandshake(enter, at);
  else planOneId(enter, caller, at);
}

function planDumpable(tape: Tape, value: 0 | 1, reason: Pick<OpOptions, 'at' | 'why'>): void {
  tape.call('prctl', [PR_SET_DUMPABLE, value, 0, 0, 0], reason);
}

/** Says that it is there, and waits for an answer: newuidmap(1) has written the maps when it comes. */
function planHandshake(enter: Tape, at: Position | undefined): void {
  const reason = { at, why: "have the user's ranges of ids mapped" };
  const message = encodeMessage({ type: 'entered' });
  const answer = enter.buffer(MESSAGE_BYTES);
  enter.call('sendto', [HANDOFF_FD, enter.bytes(message), MESSAGE_BYTES, 0, 0, 0], reason);
  enter.call('recvfrom', [HANDOFF_FD, answer, MESSAGE_BYTES, 0, 0, 0], reason);
  enter.call('tape.equal', [answer, enter.bytes(message), 8], reason);
}

/** Where there is no cgroup to find it in: `readInitPid` reads it. */
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

/** The kernel wants `deny` before it lets a user write a map of groups. */
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
