// proc_pid_root(5), proc_pid_cgroup(5)

import { readFileSync, statfsSync } from 'node:fs';
import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../../linux/constants.ts';
import { SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2, tryOpenat2 } from '../../linux/file.ts';
import { PodError } from '../error.ts';

const OVERLAYFS_SUPER_MAGIC = 0x794c7630;

/**
 * The root of the app that has this host pid, as an O_PATH descriptor. A process directory stays that process's when its number
 * is used again, and the cgroup says whose process it is: nothing in the pod can move one out of it.
 */
export function openAppRoot(uuid: string, app: string, pid: number): Fd {
  using process = new Fd(openProcess(pid, app));
  if (!isInCgroup(process.number, uuid, app)) throw gone(app);
  const opened = tryOpenat2(process.number, 'root', O_PATH | O_DIRECTORY, 0);
  if (opened < 0) throw gone(app, new SyscallError('openat2', -opened));
  const root = new Fd(opened);
  // An app that is allowed to mount could have another root by now, and one that answers to no call is easily made.
  if (statfsSync(`/proc/self/fd/${root.number}`).type === OVERLAYFS_SUPER_MAGIC) return root;
  root[Symbol.dispose]();
  throw new PodError('host/refused', `open the root of app "${app}": it is not the one it was started with`);
}

function openProcess(pid: number, app: string): number {
  try {
    return openat2(AT_FDCWD, `/proc/${pid}`, O_PATH | O_DIRECTORY, 0);
  } catch (error) {
    throw gone(app, error);
  }
}

function isInCgroup(processFd: number, uuid: string, app: string): boolean {
  try {
    const lines = readFileSync(`/proc/self/fd/${processFd}/cgroup`, 'latin1').split('\n');
    return lines.some((line) => `${line}/`.includes(`/pod-${uuid}/app-${app}/`));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH' || code === 'ENOENT') return false;
    throw error;
  }
}

function gone(app: string, cause?: unknown): PodError {
  return new PodError('pod/state', `open the root of app "${app}": it has ended`, { cause });
}
