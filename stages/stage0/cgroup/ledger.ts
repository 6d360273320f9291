import { podDirectory } from './names.ts';

/** A pod's directory in one hierarchy, as recorded in the ledger. */
export interface CgroupEntry {
  readonly kind: 'cgroup';
  readonly path: string;
}

/** The directories that the host tape of planCgroups will make; written to the ledger before it is played. */
export function cgroupLedger(mountPoints: readonly string[], uuid: string): CgroupEntry[] {
  return mountPoints.map((mountPoint) => ({ kind: 'cgroup', path: podDirectory(mountPoint, uuid) }));
}
