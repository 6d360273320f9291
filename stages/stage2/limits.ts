import { rlimitName } from '../linux/rlimit.ts';
import { rlimit64 } from '../linux/structs.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** Explicit, whatever stage0 was given: Node raises its soft limits, and its caller may have set others. */
export function setResourceLimits(tape: Tape, process: ProcessPlan): void {
  for (const { resource, soft, hard, at } of process.rlimits) {
    tape.call('prlimit64', [0, resource, tape.bytes(rlimit64(soft, hard)), 0], {
      at: at ?? process.places.app,
      why: `limit ${rlimitName(resource)} to ${soft}:${hard}`,
    });
  }
}

/** SIG_SETMASK of asm-generic/signal-defs.h */
const SIG_SETMASK = 2;

/** init blocks all signals; handlers were cleared by CLONE_CLEAR_SIGHAND. */
export function unblockSignals(tape: Tape, process: ProcessPlan): void {
  const none = tape.bytes(new Uint8Array(8));
  tape.call('rt_sigprocmask', [SIG_SETMASK, none, 0, 8], { at: process.places.app, why: 'unblock all signals' });
}

export function setUmask(tape: Tape, process: ProcessPlan): void {
  tape.call('umask', [0o022], { at: process.places.app, why: 'set the umask' });
}
