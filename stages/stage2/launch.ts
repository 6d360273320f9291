import type { Tape } from '../tape/program.ts';
import { closeDescriptors, setStandardStreams, type StandardInput, startSession } from './descriptors.ts';
import { executeProgram } from './execute.ts';
import { changeUser, dropBoundingSet, loadSystemCallFilter, setCapabilities, setNoNewPrivileges } from './identity.ts';
import { restrictByLandlock } from './landlock.ts';
import { applySettings, limitDescriptors, setResourceLimits, setUmask, unblockSignals } from './limits.ts';
import { setSecurityLabel } from './security-label.ts';
import { mountOwnProc } from './own-proc.ts';
import type { ProcessPlan } from './process.ts';
import { changeDirectory, enterNewRoot, enterRunningRoot, joinCgroups } from './root.ts';

type Step = (tape: Tape, process: ProcessPlan) => void;

/**
 * The steps from entering the root to the program's first instruction. The order is that of crun, runc and podman after their
 * security advisories: each step needs a privilege that a later one gives up.
 */
const AFTER_ROOT: readonly Step[] = [
  setSecurityLabel,
  setUmask,
  dropBoundingSet,
  changeUser,
  setCapabilities,
  changeDirectory,
  setNoNewPrivileges,
  restrictByLandlock,
  unblockSignals,
  closeDescriptors,
  limitDescriptors,
  loadSystemCallFilter,
  executeProgram,
];

/**
 * Without no_new_privs, a filter or ruleset needs CAP_SYS_ADMIN, so it is loaded while the child still has that; the following
 * calls are then subject to it.
 */
const AFTER_ROOT_WITHOUT_NNP: readonly Step[] = [
  setSecurityLabel,
  setUmask,
  changeDirectory,
  restrictByLandlock,
  unblockSignals,
  closeDescriptors,
  limitDescriptors,
  loadSystemCallFilter,
  dropBoundingSet,
  changeUser,
  setCapabilities,
  executeProgram,
];

function finish(tape: Tape, process: ProcessPlan): void {
  for (const step of process.noNewPrivileges ? AFTER_ROOT : AFTER_ROOT_WITHOUT_NNP) step(tape, process);
}

/** The ops that turn a child of init into an app's first process. */
export function planStart(tape: Tape, process: ProcessPlan, input: StandardInput): void {
  startSession(tape, process);
  joinCgroups(tape, process);
  setResourceLimits(tape, process);
  applySettings(tape, process);
  enterNewRoot(tape, process);
  mountOwnProc(tape, process);
  setStandardStreams(tape, process, input, true);
  finish(tape, process);
}

/**
 * The ops that turn a child of init into a hook of an app: in the app's running root, or, before the app's start and after its end,
 * in a new mount namespace with the same root.
 */
export function planHook(tape: Tape, process: ProcessPlan, isRunning: boolean): void {
  startSession(tape, process);
  joinCgroups(tape, process);
  setResourceLimits(tape, process);
  applySettings(tape, process);
  if (isRunning) enterRunningRoot(tape, process);
  else enterNewRoot(tape, process);
  if (!isRunning) mountOwnProc(tape, process);
  setStandardStreams(tape, process, 'null', true);
  finish(tape, process);
}

/** The ops that turn a child of init into a further process of a running app, under the same isolators. */
export function planExec(tape: Tape, process: ProcessPlan, input: StandardInput): void {
  startSession(tape, process);
  joinCgroups(tape, process);
  setResourceLimits(tape, process);
  applySettings(tape, process);
  enterRunningRoot(tape, process);
  // Streams that the caller did not give are pipes of init.
  setStandardStreams(tape, process, input, input === 'null');
  finish(tape, process);
}
