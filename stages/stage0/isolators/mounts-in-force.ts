// proc_pid_mountinfo(5)

import { type Mount, parseMountInfo } from '../../linux/mountinfo.ts';
import type { InForceSource } from './isolator.ts';

/** As the app's first process sees them, without those that another one covers; undefined for a pod. */
function visibleMounts({ proc }: InForceSource): Mount[] | undefined {
  const text = proc('mountinfo');
  return text === undefined
    ? undefined
    : [...new Map(parseMountInfo(text).map((mount) => [mount.path, mount])).values()];
}

/** An empty directory of init's, or /dev/null in another place. */
function isMask({ root, path, type }: Mount): boolean {
  return (root === '/empty' && type === 'tmpfs') || (root.endsWith('/null') && path !== '/dev/null');
}

export function maskedInForce(source: InForceSource): string[] | undefined {
  return pathsOf(visibleMounts(source)?.filter(isMask));
}

/** All that is read-only by its mount, volumes too; a mask is only hidden. */
export function readOnlyInForce(source: InForceSource): string[] | undefined {
  return pathsOf(visibleMounts(source)?.filter((mount) => mount.isReadOnly && !isMask(mount)));
}

function pathsOf(mounts: readonly Mount[] | undefined): string[] | undefined {
  return mounts?.map(({ path }) => path).toSorted();
}
