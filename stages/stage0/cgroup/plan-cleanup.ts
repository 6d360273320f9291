import { AT_FDCWD, AT_REMOVEDIR } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { Placement } from './layout.ts';
import { podPath } from './names.ts';

/**
 * Removes the directories, leaves first. When this is played, PID 1 has been reaped, and the kernel lets a pid namespace's init end
 * only after every other process of the namespace was reaped; each left its cgroup on the way. So the directories are empty, unless
 * a process of the host was moved in: then EBUSY leaves the directory, and its ledger entry, to `pod gc`. ENOENT: the launch failed
 * before the directory was made.
 */
export function planCleanup(cleanup: Tape, placements: readonly Placement[]): void {
  for (const { hierarchy, leaves } of placements) {
    const directories = [...leaves.map(({ name }) => [name]), []];
    for (const below of directories) {
      cleanup.call('unlinkat', [AT_FDCWD, cleanup.text(podPath(hierarchy.mountPoint, ...below)), AT_REMOVEDIR], {
        tolerate: ['ENOENT', 'EBUSY'],
        why: 'remove a cgroup of the pod',
      });
    }
  }
}
