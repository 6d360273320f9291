// proc_pid_root(5)

import {
  AT_FDCWD,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { tryOpenat2 } from '../../linux/file.ts';
import { appRootPath } from '../../stage2/root.ts';
import { PodError } from '../error.ts';
import { findInit } from '../launch/find-init.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';

/**
 * The root an app of a running pod was given, as an O_PATH descriptor. It is asked of init, which keeps it as it was mounted: the
 * app may have another root by now, which answers as the app wants it to.
 */
export function openAppRoot(uuid: string, app: string): Fd {
  if (process.geteuid!() !== 0) throw closed(app);
  const mountPoints = cgroupMountPoints();
  const pid = findInit(uuid, mountPoints);
  if (pid === undefined) throw gone(app);
  using proc = open(AT_FDCWD, `/proc/${pid}`, 0, app);
  using initRoot = open(proc.number, 'root', 0, app);
  const inside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  using root = open(initRoot.number, appRootPath(app).slice(1), inside, app);
  // The pid was init's before and after: it was not used again in between.
  if (findInit(uuid, mountPoints) !== pid) throw gone(app);
  return new Fd(root.take());
}

function open(directory: number, path: string, resolve: number, app: string): Fd {
  const fd = tryOpenat2(directory, path, O_PATH | O_DIRECTORY, resolve);
  if (fd < 0) throw gone(app, new SyscallError('openat2', -fd, path));
  return new Fd(fd);
}

/** The kernel shows what init has to the host's root alone. */
function closed(app: string): PodError {
  return new PodError('host/privilege', `open the root of app "${app}": only root can look into a pod's init`, {
    hint: 'use a program inside the pod (pod exec POD -- tar -c PATH), or use a volume',
  });
}

function gone(app: string, cause?: unknown): PodError {
  return new PodError('pod/state', `open the root of app "${app}": its pod has ended`, { cause });
}
