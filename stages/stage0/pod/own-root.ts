import { type Stats, statSync } from 'node:fs';
import { PodError } from '../error.ts';

const OTHERS_WRITE = 0o002;

/**
 * Whoever may write to a state directory decides what its ledgers, claims and records say, and links can lead out of it: a pod
 * process that acts on it would delete files, links and cgroups of its own user's for somebody else. So a state directory is used only
 * by its owner. Throws `state/io`.
 */
export function requireOwnRoot(root: string): void {
  const stats = statIfPossible(root);
  if (!stats) return;
  const euid = process.geteuid!();
  if (stats.uid !== euid && stats.uid !== 0) {
    throw new PodError('state/io', `use state directory "${root}": it belongs to user ${stats.uid}`, {
      hint: `run pod as that user (setpriv --reuid=${stats.uid} --regid=${stats.gid} --clear-groups pod …), or choose a directory of your own with --root`,
    });
  }
  if (stats.mode & OTHERS_WRITE) {
    throw new PodError('state/io', `use state directory "${root}": every user may write to it`, {
      hint: 'choose a directory in it, or take the permission away with chmod o-w',
    });
  }
}

/** A directory that cannot be looked at cannot be used either, and whoever tries reports it. */
function statIfPossible(root: string): Stats | undefined {
  try {
    return statSync(root, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
