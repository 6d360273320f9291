import { RLIMIT } from '../../linux/rlimit.ts';
import { PodError } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';

/** The tapes give descriptors fixed numbers above 900: see overlay.ts and pod-files.ts. */
const DESCRIPTORS = 1024n;

export function requirePrivilege(): void {
  if (process.geteuid?.() === 0) return;
  throw new PodError('host/privilege', `start a pod as user ${process.geteuid?.()}: root is needed`, {
    hint: 'run it with sudo; pods of a normal user come in a later version',
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
