import { ERRNO } from '../../linux/errno.ts';
import { tryAccess } from '../../linux/file.ts';
import { RLIMIT } from '../../linux/rlimit.ts';
import { PodError } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';

/** The tapes use fixed descriptor numbers above 900: see overlay.ts and pod-files.ts. */
const DESCRIPTORS = 1024n;

/**
 * Requires that the state directory is the normal user's own or can be made by him. With another user's, a later step would fail.
 */
export function requireStateDirectory(root: string): void {
  if (process.geteuid!() === 0 || tryAccess(root) !== -ERRNO.EACCES) return;
  throw new PodError('state/io', `use state directory "${root}": permission denied`, {
    hint: 'choose a directory you own with --root, or run as root',
  });
}

export function requireDescriptors({ hardLimits }: HostFacts): void {
  const limit = hardLimits[RLIMIT.RLIMIT_NOFILE];
  if (limit === undefined || limit >= DESCRIPTORS) return;
  throw new PodError(
    'host/unsupported',
    `start a pod: a process may open ${limit} files here, ${DESCRIPTORS} are needed`,
    {
      hint: `raise the hard limit first: ulimit -Hn ${DESCRIPTORS}`,
    },
  );
}
