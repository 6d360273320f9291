import {
  AT_FDCWD,
  AT_RECURSIVE,
  CLONE_NEWCGROUP,
  CLONE_NEWNS,
  MNT_DETACH,
  MOVE_MOUNT_F_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../linux/constants.ts';
import { openHow } from '../linux/structs.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** Where init keeps each app's root, in its own root file system. */
export function appRootPath(app: string): string {
  return `/apps/${app}`;
}

/**
 * A single-threaded process that writes `0` to a version 1 `tasks` file moves itself without the kernel's lock over all thread
 * groups. That takes 0.04 ms for each hierarchy, while `cgroup.procs` waits for an RCU grace period (docs/decisions/001).
 */
export function joinCgroups(tape: Tape, process: ProcessPlan): void {
  for (const tasks of process.joins) {
    tape.call('write', [tasks, tape.text('0'), 1], {
      at: process.places.app,
      why: `join the cgroup of app "${process.app}"`,
    });
  }
  // After the move, because the namespace's root is the process's cgroup at the time of this call.
  tape.call('unshare', [CLONE_NEWCGROUP], { at: process.places.app, why: 'make a cgroup namespace' });
}

/**
 * Enters a mount namespace of the app whose root is the app's root; init's tree is gone from it. pivot_root(2) would do the same,
 * but looks at every process of the host. The working directory is the floor, on which the app's root is mounted
 * (docs/decisions/028).
 */
export function enterNewRoot(tape: Tape, process: ProcessPlan): void {
  const options = { at: process.places.app, why: `enter the root file system of app "${process.app}"` };
  const root = tape.program.reg('newRoot');
  const path = tape.text(appRootPath(process.app));
  const whole = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
  tape.call('unshare', [CLONE_NEWNS], options);
  // A mount that was detached with init's tree cannot be mounted again, but a clone of it can.
  tape.call('open_tree', [AT_FDCWD, path, whole], { ...options, out: root });
  tape.call('umount2', [tape.text('/'), MNT_DETACH], options);
  tape.call('move_mount', [root, tape.text(''), AT_FDCWD, tape.text('.'), MOVE_MOUNT_F_EMPTY_PATH], options);
  tape.call('fchdir', [root], options);
  tape.call('chroot', [tape.text('.')], options);
  tape.call('close', [root], options);
}

/** Enters the namespace that the app's first process made: setns(2) also changes root and working directory to its root. */
export function enterRunningRoot(tape: Tape, process: ProcessPlan): void {
  tape.call('setns', [tape.program.reg('appMountNamespace'), CLONE_NEWNS], {
    at: process.places.app,
    why: `enter the root file system of app "${process.app}"`,
  });
}

/**
 * As the app's user, so that a directory which that user may not enter is refused. Resolved without magic links and checked to be
 * below the root: through a working directory, a leaked descriptor of the host could be reached (CVE-2024-21626).
 */
export function changeDirectory(tape: Tape, process: ProcessPlan): void {
  const { workingDirectory, places } = process;
  const options = {
    at: places.workingDirectory ?? places.app,
    why: `change to working directory ${JSON.stringify(workingDirectory)}`,
  };
  const directory = tape.program.reg('directory');
  const how = tape.bytes(openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS));
  const found = tape.program.scratch(4096);
  tape.call('openat2', [AT_FDCWD, tape.text(workingDirectory), how, 24], { ...options, out: directory });
  tape.call('fchdir', [directory], options);
  tape.call('getcwd', [found, 4096], options);
  tape.call('tape.equal', [found, tape.text('/'), 1], options);
}
