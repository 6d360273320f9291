// unshare(2), setns(2), namespaces(7)

import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import {
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUTS,
} from '../../../linux/constants.ts';
import { ERRNO, errnoName } from '../../../linux/errno.ts';
import { syscall, trySyscall } from '../../../linux/syscall.ts';
import type { Check, Finding } from './check.ts';

const KINDS: readonly (readonly [name: string, flag: bigint, file: string])[] = [
  ['mount', CLONE_NEWNS, 'mnt'],
  ['uts', CLONE_NEWUTS, 'uts'],
  ['ipc', CLONE_NEWIPC, 'ipc'],
  ['net', CLONE_NEWNET, 'net'],
  ['pid', CLONE_NEWPID, 'pid_for_children'],
  ['cgroup', CLONE_NEWCGROUP, 'cgroup'],
];

const MAX_USER = '/proc/sys/user/max_user_namespaces';

export const NAMESPACE_CHECKS: readonly Check[] = [
  { name: 'namespaces', run: checkNamespaces },
  { name: 'user namespaces', run: checkUserNamespaces },
];

function checkNamespaces(): Finding {
  const failed = KINDS.flatMap(([name, flag, file]) => {
    const errno = withNamespace(flag, file, () => undefined);
    return errno === 0 ? [] : [`${name} ${errnoName(errno)}`];
  });
  // A process with threads could make a time namespace, but not come back from it.
  if (!existsSync('/proc/self/ns/time')) failed.push('time ENOENT');
  if (failed.length === 0) return { status: 'OK', detail: [...KINDS.map(([name]) => name), 'time'].join(', ') };
  const isDenied = failed.every((text) => text.endsWith('EPERM'));
  return {
    status: 'missing',
    detail: failed.join(', '),
    remedy: isDenied ? 'run as root' : 'use a kernel built with these namespaces',
  };
}

/**
 * Does `work` in a new namespace, then comes back: synchronously, for namespaces belong to this thread. The result is the
 * errno of unshare(2), 0 when it worked.
 */
export function withNamespace(flag: bigint, file: string, work: () => void): number {
  if (!existsSync(`/proc/self/ns/${file}`)) return ERRNO.EINVAL;
  const own = openSync(`/proc/thread-self/ns/${file}`, 'r');
  try {
    const result = trySyscall('unshare', flag);
    if (result < 0) return -result;
    try {
      work();
    } finally {
      syscall('setns', own, 0);
    }
    return 0;
  } finally {
    closeSync(own);
  }
}

/** A process with threads cannot make one, and Node has threads: unshare(1) tries for us. */
function checkUserNamespaces(): Finding {
  const limit = existsSync(MAX_USER) ? Number(readFileSync(MAX_USER, 'latin1')) : undefined;
  if (limit === undefined)
    return { status: 'missing', detail: 'not built into the kernel', remedy: 'write "userns: host" into manifests' };
  if (limit === 0)
    return {
      status: 'missing',
      detail: 'user.max_user_namespaces is 0',
      remedy: 'sysctl user.max_user_namespaces=10000',
    };
  const { error, status, stderr } = spawnSync('unshare', ['--user', 'true'], { encoding: 'utf8' });
  if (error) return { status: 'OK', detail: `up to ${limit} (not checked: no unshare program)` };
  if (status === 0) return { status: 'OK', detail: `up to ${limit}` };
  return { status: 'missing', detail: stderr.trim(), remedy: 'write "userns: host" into manifests' };
}
