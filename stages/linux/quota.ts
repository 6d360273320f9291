// quotactl(2), FS_IOC_FSSETXATTR of ioctl_xfs_fsgetxattr(2): project quotas, which ext4 and XFS share

import { trySyscall } from './syscall.ts';

/** linux/quota.h, linux/dqblk_xfs.h: QCMD(cmd, PRJQUOTA) */
const command = (cmd: number): number => ((cmd << 8) | 2) >>> 0;
const Q_GETQUOTA = command(0x80_00_07);
export const Q_SETQUOTA: number = command(0x80_00_08);
const Q_XGETQSTATV = command(0x58_08);

const FS_QSTATV_VERSION1 = 1;
const QSTATV_BYTES = 256;
const FS_QUOTA_PDQ_ENFD = 1 << 5;

/** linux/fs.h */
export const FS_IOC_FSSETXATTR = 0x401c5820;
const FS_XFLAG_PROJINHERIT = 0x200;

const DQBLK_BYTES = 72;
const QIF_BLIMITS = 1;
/** The unit of `dqb_bhardlimit`. */
const QUOTA_BLOCK_BYTES = 1024n;

/** Returns true when the descriptor's file system enforces project quotas. Needs no privilege. */
export function enforcesProjectQuota(fd: number): boolean {
  const state = Buffer.alloc(QSTATV_BYTES);
  state.writeInt8(FS_QSTATV_VERSION1, 0);
  const result = trySyscall('quotactl_fd', fd, Q_XGETQSTATV, 0, state);
  return result === 0 && (state.readUInt16LE(2) & FS_QUOTA_PDQ_ENFD) !== 0;
}

/** Whether no file belongs to the project and it has no limit. */
export function isFreeProject(fd: number, project: number): boolean {
  const quota = Buffer.alloc(DQBLK_BYTES);
  const result = trySyscall('quotactl_fd', fd, Q_GETQUOTA, project, quota);
  // ESRCH or ENOENT: the project is unknown.
  return result < 0 || quota.subarray(0, 48).every((byte) => byte === 0);
}

/** Removes the project's limit. Returns 0, or minus the errno. */
export function liftProjectLimit(fd: number, project: number): number {
  return trySyscall('quotactl_fd', fd, Q_SETQUOTA, project, Buffer.from(projectLimit(0n)));
}

/** struct if_dqblk: a limit on the bytes in blocks, no limit on files. */
export function projectLimit(bytes: bigint): Uint8Array {
  const quota = Buffer.alloc(DQBLK_BYTES);
  quota.writeBigUInt64LE(bytes / QUOTA_BLOCK_BYTES, 0);
  quota.writeUInt32LE(QIF_BLIMITS, 64);
  return quota;
}

/** struct fsxattr before and after its project id: files made in the directory belong to the project too. */
export function projectDirectory(): { readonly before: Uint8Array; readonly after: Uint8Array } {
  const before = Buffer.alloc(12);
  before.writeUInt32LE(FS_XFLAG_PROJINHERIT, 0);
  return { before, after: Buffer.alloc(12) };
}
