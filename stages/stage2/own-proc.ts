import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_RECURSIVE,
  AT_SYMLINK_NOFOLLOW,
  FSCONFIG_CMD_CREATE,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../linux/constants.ts';
import { MOUNT_ATTR_SIZE, mountAttr } from '../linux/structs.ts';
import type { Reg, Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

const NO_EXEC = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const CLONE = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;

/**
 * Mounts a /proc of the app's own PID namespace in place of the pod's, in the app's mount namespace. Mounts that cover paths of the
 * old /proc are taken along. The old /proc is unmounted first, because below the new one it would still show the processes of other
 * apps.
 */
export function mountOwnProc(tape: Tape, { ownProc, app }: ProcessPlan): void {
  if (!ownProc) return;
  const { program } = tape;
  const reason = { at: ownProc.at, why: `mount a /proc of app "${app}"'s own` };
  const [context, proc, part] = [program.reg('fscontext'), program.reg('ownProc'), program.reg('mount')];
  const cover = (i: number): Reg => program.reg(`ownProc/${i}`);
  ownProc.masked.forEach((path, i) => {
    // A path named by an isolator may be missing; then there is no descriptor.
    tape.call('open_tree', [AT_FDCWD, tape.text(path), CLONE], { ...reason, out: cover(i), tolerate: ['ENOENT'] });
  });
  // The kernel permits this only while another, fully visible /proc is mounted.
  tape.call('fsopen', [tape.text('proc'), FSOPEN_CLOEXEC], { ...reason, out: context });
  tape.call('fsconfig', [context, FSCONFIG_CMD_CREATE, 0, 0, 0], reason);
  tape.call('fsmount', [context, FSMOUNT_CLOEXEC, NO_EXEC], { ...reason, out: proc });
  tape.call('umount2', [tape.text('/proc'), MNT_DETACH], reason);
  tape.call('move_mount', [proc, tape.text(''), AT_FDCWD, tape.text('/proc'), MOVE_MOUNT_F_EMPTY_PATH], reason);
  for (const fd of [context, proc]) tape.call('close', [fd], reason);
  ownProc.masked.forEach((path, i) => {
    const absent = { ...reason, tolerate: ['EBADF', 'ENOENT'] as const };
    tape.call('move_mount', [cover(i), tape.text(''), AT_FDCWD, tape.text(path), MOVE_MOUNT_F_EMPTY_PATH], absent);
    tape.call('close', [cover(i)], absent);
  });
  const readOnly = tape.bytes(mountAttr({ set: MOUNT_ATTR_RDONLY }));
  for (const path of ownProc.readOnly) {
    const absent = { ...reason, tolerate: ['EBADF', 'ENOENT'] as const };
    tape.call('open_tree', [AT_FDCWD, tape.text(path), CLONE | AT_RECURSIVE], {
      ...reason,
      out: part,
      tolerate: ['ENOENT'],
    });
    tape.call('mount_setattr', [part, tape.text(''), AT_EMPTY_PATH | AT_RECURSIVE, readOnly, MOUNT_ATTR_SIZE], absent);
    tape.call('move_mount', [part, tape.text(''), AT_FDCWD, tape.text(path), MOVE_MOUNT_F_EMPTY_PATH], absent);
    tape.call('close', [part], absent);
  }
}
