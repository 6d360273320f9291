// quotactl(2)

import { closeSync, openSync } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { liftProjectLimit } from '../../linux/quota.ts';
import { podsDir } from '../pod/layout.ts';

/**
 * Removes limits. The pod's files may still exist, so whoever gets a project next checks first whether files are still counted for
 * it.
 */
export function liftLimits(root: string, projects: readonly number[]): void {
  const fd = openSync(podsDir(root, 'run'), 'r');
  try {
    for (const project of projects) {
      const result = liftProjectLimit(fd, project);
      // ESRCH: quotas have been turned off since, and no limit is stored.
      if (result < 0 && result !== -ERRNO.ESRCH) throw new SyscallError('quotactl_fd', -result, `project ${project}`);
    }
  } finally {
    closeSync(fd);
  }
}
