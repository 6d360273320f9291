import { ERRNO } from '../../linux/errno.ts';
import { tryAccess } from '../../linux/file.ts';
import { RLIMIT } from '../../linux/rlimit.ts';
import { PodError } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';

/** The tapes give descriptors fixed numbers above 900: see overlay.ts and pod-files.ts. */
const DESCRIPTORS = 1024n;

/** A normal user's own, or one to be: what is in another's would fail somewhere on the way. */
export function requireStateDirectory(root: string): void {
  if (process.geteuid!() === 0 || tryAccess(root) !== -ERRNO.EACCES) return;
  throw new PodError('state/io', `use state directory "${root}": permission denied`, {
    hint: 'choose a directory of yours with --root, or run as root',
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
