import { RLIMIT, rlimitName } from '../linux/rlimit.ts';
import { SIG_SETMASK } from '../linux/signals.ts';
import { rlimit64 } from '../linux/structs.ts';
import type { SourcePosition, Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/**
 * Sets every limit explicitly, because stage0's own are arbitrary: Node raises its soft limits, and its caller may have set others.
 */
export function setResourceLimits(tape: Tape, process: ProcessPlan): void {
  setLimits(tape, process, (resource) => resource !== RLIMIT.RLIMIT_NOFILE);
}

/** The limit on open files comes last, because the launch has more files open than the app may be allowed. */
export function limitDescriptors(tape: Tape, process: ProcessPlan): void {
  setLimits(tape, process, (resource) => resource === RLIMIT.RLIMIT_NOFILE);
}

function setLimits(tape: Tape, process: ProcessPlan, isMeant: (resource: number) => boolean): void {
  for (const { resource, soft, hard, at } of process.rlimits) {
    if (!isMeant(resource)) continue;
    tape.call('prlimit64', [0, resource, tape.bytes(rlimit64(soft, hard)), 0], {
      at: at ?? process.places.app,
      why: `limit ${rlimitName(resource)} to ${soft}:${hard}`,
    });
  }
}

/** init blocks all signals; handlers were cleared by CLONE_CLEAR_SIGHAND. */
export function unblockSignals(tape: Tape, process: ProcessPlan): void {
  const none = tape.bytes(new Uint8Array(8));
  tape.call('rt_sigprocmask', [SIG_SETMASK, none, 0, 8], { at: process.places.app, why: 'unblock all signals' });
}

export function setUmask(tape: Tape, process: ProcessPlan): void {
  tape.call('umask', [process.umask], { at: process.places.umask ?? process.places.app, why: 'set the umask' });
}

/** Settings of isolators that are a single call with its own data: scheduling, personality and the like. */
export function applySettings(tape: Tape, process: ProcessPlan): void {
  for (const { call, args, at, why } of process.settings) {
    const given = args.map((arg) => (typeof arg === 'number' ? arg : tape.bytes(arg)));
    tape.call(call, given, { at: at ?? process.places.app, why });
  }
}

/** linux/sched.h, linux/mempolicy.h, linux/ioprio.h, sys/resource.h */
const SCHED_OTHER = 0;
const MPOL_DEFAULT = 0;
const IOPRIO_WHO_PROCESS = 1;
const PRIO_PROCESS = 0;
/** linux/personality.h: a plain Linux process, with its address space randomised. */
const PER_LINUX = 0;
/** Size of a mask for 8192 processors, the most that Linux supports. */
const AFFINITY_BYTES = 1024;

/**
 * Resets what the monitor inherited from pod's caller and would pass on to everything in the pod: `chrt`, `nice`, `taskset`,
 * `numactl`, `ionice`, `setarch -R`, a working directory that keeps a file system busy. Real-time processes cannot even join a
 * version 1 cpu cgroup (EINVAL). The kernel reduces the mask of all processors to the processors of our cpuset.
 */
export function resetScheduling(tape: Tape, at: SourcePosition): void {
  const options = { at, why: "leave the caller's scheduling behind" };
  tape.call('sched_setscheduler', [0, SCHED_OTHER, tape.bytes(new Uint8Array(8))], options);
  // Giving up a raised priority needs no privilege. Undoing a lowered one does; without it the process stays nicer than needed, which
  // does no harm.
  tape.call('setpriority', [PRIO_PROCESS, 0, 0], { ...options, tolerate: ['EACCES', 'EPERM'] });
  tape.call('sched_setaffinity', [0, AFFINITY_BYTES, tape.bytes(new Uint8Array(AFFINITY_BYTES).fill(0xff))], options);
  // NUMA and I/O priorities are optional in the kernel.
  tape.call('set_mempolicy', [MPOL_DEFAULT, 0, 0], { ...options, tolerate: ['ENOSYS'] });
  tape.call('ioprio_set', [IOPRIO_WHO_PROCESS, 0, 0], { ...options, tolerate: ['ENOSYS'] });
  tape.call('personality', [PER_LINUX], options);
  tape.call('chdir', [tape.text('/')], { at, why: "leave the caller's working directory" });
}
