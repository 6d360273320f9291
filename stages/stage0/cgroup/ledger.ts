import { podDirectory } from './names.ts';

/** A pod's directory in one hierarchy, as the ledger keeps it. */
export interface CgroupEntry {
  readonly kind: 'cgroup';
  readonly path: string;
}

/** What the host tape of planCgroups will make; to be written to the ledger before it is played. */
export function cgroupLedger(mountPoints: readonly string[], uuid: string): CgroupEntry[] {
  return mountPoints.map((mountPoint) => ({ kind: 'cgroup', path: podDirectory(mountPoint, uuid) }));
}
