// namespaces(7)

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { errnoName, SyscallError } from '../../../linux/errno.ts';
import { inNewMountNamespace } from '../../../linux/mount-namespace.ts';
import { tryInNewNamespace } from '../../../linux/new-namespace.ts';
import type { Check, Finding } from './check.ts';

/** Each makes one and comes back from it. Returns 0, or minus the errno. */
const TRIALS: Readonly<Record<string, () => number>> = {
  mount: tryMountNamespace,
  uts: () => tryInNewNamespace('uts', () => undefined),
  ipc: () => tryInNewNamespace('ipc', () => undefined),
  net: () => tryInNewNamespace('net', () => undefined),
  pid: () => tryInNewNamespace('pid_for_children', () => undefined),
  cgroup: () => tryInNewNamespace('cgroup', () => undefined),
};

const MAX_USER = '/proc/sys/user/max_user_namespaces';

export const NAMESPACE_CHECKS: readonly Check[] = [
  { name: 'namespaces', run: checkNamespaces },
  { name: 'user namespaces', run: checkUserNamespaces },
];

function checkNamespaces(): Finding {
  const failed = Object.entries(TRIALS).flatMap(([name, tryOne]) => {
    const result = tryOne();
    return result === 0 ? [] : [`${name} ${errnoName(-result)}`];
  });
  // A process with threads could make a time namespace, but not come back from it.
  if (!existsSync('/proc/self/ns/time')) failed.push('time ENOENT');
  if (failed.length === 0) return { status: 'OK', detail: [...Object.keys(TRIALS), 'time'].join(', ') };
  const isDenied = failed.every((text) => text.endsWith('EPERM'));
  return {
    status: 'missing',
    detail: failed.join(', '),
    remedy: isDenied ? 'run as root' : 'use a kernel built with these namespaces',
  };
}

function tryMountNamespace(): number {
  try {
    using namespace = inNewMountNamespace(() => undefined);
    void namespace;
    return 0;
  } catch (error) {
    if (error instanceof SyscallError) return -error.errno;
    throw error;
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
