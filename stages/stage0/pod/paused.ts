// cgroups(7): cgroup.freeze of version 2, freezer.state of version 1

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { cgroupMountPoints, readCgroup } from './host-pids.ts';
import { POD_FILES } from './layout.ts';
import { readLedger } from './ledger.ts';
import type { PodDir } from './store.ts';

/** The file that freezes and thaws all processes of a pod. */
export interface Freezer {
  readonly path: string;
  readonly frozen: string;
  readonly thawed: string;
}

/** The version 2 freezer if the pod has a version 2 directory; a version 1 freezer exists only on hosts without such a tree. */
export function findFreezer(
  { uuid, path }: Pick<PodDir, 'uuid' | 'path'>,
  mountPoints: readonly string[] = cgroupMountPoints(),
): Freezer | undefined {
  for (const point of [...mountPoints, ...ownPoints(path)]) {
    const unified = `${point}/pod-${uuid}/cgroup.freeze`;
    if (existsSync(unified)) return { path: unified, frozen: '1', thawed: '0' };
    const version1 = `${point}/pod-${uuid}/freezer.state`;
    if (existsSync(version1)) return { path: version1, frozen: 'FROZEN', thawed: 'THAWED' };
  }
  return undefined;
}

/** The cgroups of a normal user's pods are below the cgroup delegated to the user, not below a mount point. */
function ownPoints(path: string): string[] {
  if (process.geteuid!() === 0) return [];
  return readLedger(path).flatMap((entry) => (entry.kind === 'cgroup' ? [dirname(String(entry['path']))] : []));
}

/**
 * The mark is made before the pod is frozen and removed after it is thawed, so without a mark no cgroup has to be read. With a
 * mark, the cgroup decides, because a crash may have happened in between.
 */
export function isPaused(pod: Pick<PodDir, 'uuid' | 'path'>, mountPoints?: readonly string[]): boolean {
  if (!existsSync(`${pod.path}/${POD_FILES.paused}`)) return false;
  const freezer = findFreezer(pod, mountPoints);
  return freezer !== undefined && readCgroup(freezer.path).trim() !== freezer.thawed;
}
