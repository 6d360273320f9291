import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_RAISE,
  PR_CAPBSET_DROP,
  PR_SET_DUMPABLE,
  PR_SET_KEEPCAPS,
  PR_SET_NO_NEW_PRIVS,
} from '../linux/prctl.ts';
import { SECCOMP_SET_MODE_FILTER } from '../linux/seccomp.ts';
import { capabilityData, capabilityHeader, gidArray } from '../linux/structs.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** Needs CAP_SETPCAP, so it comes before the sets are reduced. */
export function dropBoundingSet(tape: Tape, process: ProcessPlan): void {
  const options = {
    at: process.places.capabilities ?? process.places.app,
    why: 'drop capabilities from the bounding set',
  };
  for (let capability = 0; capability <= process.lastCapability; capability++) {
    if (process.capabilities.bounding & (1n << BigInt(capability))) continue;
    tape.call('prctl', [PR_CAPBSET_DROP, capability, 0, 0, 0], options);
  }
}

/** First the groups, then the gid, then the uid: each step needs a privilege that the next one removes. */
export function changeUser(tape: Tape, process: ProcessPlan): void {
  const { uid, gid, supplementaryGids, places } = process;
  const options = { at: places.user ?? places.app, why: `become user ${uid}, group ${gid}` };
  const groups = tape.bytes(gidArray(supplementaryGids));
  tape.call('prctl', [PR_SET_KEEPCAPS, 1, 0, 0, 0], options);
  if (!process.keepsGroups) tape.call('setgroups', [supplementaryGids.length, groups], options);
  tape.call('setresgid', [gid, gid, gid], options);
  tape.call('setresuid', [uid, uid, uid], options);
  // A change of user sets this flag to fs.suid_dumpable. If that is 1, a process with the same uid in the pod could trace the child
  // until its execve, and take init's descriptors from it (CVE-2016-9962).
  tape.call('prctl', [PR_SET_DUMPABLE, 0, 0, 0, 0], options);
}

/**
 * Sets the inheritable set as planned (empty by default, CVE-2022-24769), clears the ambient set, then raises its capabilities one
 * by one.
 */
export function setCapabilities(tape: Tape, process: ProcessPlan): void {
  const { effective, permitted, inheritable, ambient } = process.capabilities;
  const options = { at: process.places.capabilities ?? process.places.app, why: 'set capabilities' };
  const header = tape.bytes(capabilityHeader());
  tape.call('capset', [header, tape.bytes(capabilityData(effective, permitted, inheritable | ambient))], options);
  tape.call('prctl', [PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0], options);
  for (let capability = 0; capability <= process.lastCapability; capability++) {
    if (!(ambient & (1n << BigInt(capability)))) continue;
    tape.call('prctl', [PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0], options);
  }
}

export function setNoNewPrivileges(tape: Tape, process: ProcessPlan): void {
  if (!process.noNewPrivileges) return;
  tape.call('prctl', [PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0], { at: process.places.app, why: 'set no_new_privs' });
}

/** struct sock_fprog: the number of instructions in the low 16 bits, then a pointer to them. */
export function loadSystemCallFilter(tape: Tape, process: ProcessPlan): void {
  if (!process.seccomp?.length) return;
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint16(0, process.seccomp.length / 8, true);
  const program = tape.bytes([length, tape.bytes(process.seccomp)]);
  tape.call('seccomp', [SECCOMP_SET_MODE_FILTER, 0, program], {
    at: process.places.seccomp ?? process.places.app,
    why: 'load the system call filter',
  });
}
