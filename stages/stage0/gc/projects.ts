// quotactl(2)

import { closeSync, openSync } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { liftProjectLimit } from '../../linux/quota.ts';
import { podsDir } from '../pod/layout.ts';

/** Whoever gets a project next looks first whether files are counted for it still: the pod's may be there for longer. */
export function liftLimits(root: string, projects: readonly number[]): void {
  const fd = openSync(podsDir(root, 'run'), 'r');
  try {
    for (const project of projects) {
      const result = liftProjectLimit(fd, project);
      // ESRCH: quotas are off since then, and no limit is kept.
      if (result < 0 && result !== -ERRNO.ESRCH) throw new SyscallError('quotactl_fd', -result, `project ${project}`);
    }
  } finally {
    closeSync(fd);
  }
}
