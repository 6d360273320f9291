import { AT_FDCWD, CLOSE_RANGE_CLOEXEC, O_CLOEXEC, O_NOFOLLOW, O_RDONLY, TIOCSCTTY } from '../linux/constants.ts';
import { REPORT_FD } from '../tape/format.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** A new session, so that no terminal of the caller can be the process's controlling terminal (CVE-2017-5226). */
export function startSession(tape: Tape, process: ProcessPlan): void {
  tape.call('setsid', [], { at: process.places.app, why: 'start a session' });
}

/** `terminal`: all three streams are one terminal of the pod, which becomes the controlling terminal. */
export type StandardInput = 'null' | 'given' | 'terminal';

/**
 * Sets up descriptors 0, 1 and 2. Given descriptors may be the caller's files and are used unchanged. The pipes that init made for
 * an app's first process, and a terminal, are given to the app's user, so that /dev/stdout and /dev/pts/N can be reopened.
 */
export function setStandardStreams(tape: Tape, process: ProcessPlan, input: StandardInput, ownPipes: boolean): void {
  const { program } = tape;
  const options = { at: process.places.app, why: 'set up standard input, output and error' };
  if (input === 'null') {
    const opened = program.reg('null');
    // This is the pod's own /dev, mounted by the pod tape, so no image can have put a link there.
    tape.call('openat', [AT_FDCWD, tape.text('/dev/null'), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
      ...options,
      out: opened,
    });
    tape.call('dup3', [opened, 0, 0], options);
  } else {
    tape.call('dup3', [program.reg('stdin'), 0, 0], options);
  }
  if (input === 'terminal') {
    // The group stays the one that devpts was mounted with, as with grantpt(3).
    tape.call('fchown', [program.reg('stdin'), process.uid, -1], options);
  } else if (ownPipes) {
    tape.call('fchown', [program.reg('stdout'), process.uid, process.gid], options);
    tape.call('fchown', [program.reg('stderr'), process.uid, process.gid], options);
  }
  tape.call('dup3', [program.reg('stdout'), 1, 0], options);
  tape.call('dup3', [program.reg('stderr'), 2, 0], options);
  if (input === 'terminal') takeTerminal(tape, process);
}

/** Makes the terminal on descriptor 0 the session's controlling terminal. */
function takeTerminal(tape: Tape, process: ProcessPlan): void {
  tape.call('ioctl', [0, TIOCSCTTY, 0], {
    at: process.places.app,
    why: 'make the pseudo-terminal the controlling one',
  });
}

/**
 * Closes everything above the report pipe immediately, so that even a program that runs before the close-on-exec of execve cannot
 * see a descriptor of init (CVE-2024-21626). The pipe itself closes on exec, which tells init that the exec happened.
 */
export function closeDescriptors(tape: Tape, process: ProcessPlan): void {
  const report = tape.program.reg('report');
  const options = { at: process.places.app, why: 'close all other descriptors' };
  tape.call('dup3', [report, REPORT_FD, O_CLOEXEC], { ...options, out: report });
  tape.call('close_range', [REPORT_FD, 0xffffffff, CLOSE_RANGE_CLOEXEC], options);
  tape.call('close_range', [REPORT_FD + 1, 0xffffffff, 0], options);
}
