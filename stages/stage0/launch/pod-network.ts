// network_namespaces(7)

import { openSync } from 'node:fs';
import { Fd } from '../../linux/fd.ts';
import { NetworkNamespace } from '../../linux/network-namespace.ts';
import { PodError } from '../error.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';
import { findInit } from './find-init.ts';

/** The network namespace of a running pod. */
export function openPodNetwork(uuid: string): NetworkNamespace {
  return new NetworkNamespace(openPodNamespace(uuid, 'net'));
}

/**
 * Opens a namespace of a running pod, `kind` as in /proc/PID/ns. It is init's namespace: an app may have moved to one of its own.
 */
export function openPodNamespace(uuid: string, kind: string): Fd {
  if (process.geteuid!() !== 0) {
    throw new PodError('host/privilege', `enter the ${kind} namespace of the pod: only root can`, {
      hint: kind === 'net' ? 'publish a port in the manifest ("hostPort")' : undefined,
    });
  }
  const mountPoints = cgroupMountPoints();
  const pid = findInit(uuid, mountPoints);
  if (pid !== undefined) {
    const namespace = openUnlessGone(pid, kind);
    // The pid was init's both before and after the open, so it was not reused in between.
    if (namespace && findInit(uuid, mountPoints) === pid) return namespace;
    namespace?.[Symbol.dispose]();
  }
  throw new PodError('pod/state', `enter the ${kind} namespace of the pod: its init is not running`);
}

function openUnlessGone(pid: number, kind: string): Fd | undefined {
  try {
    return new Fd(openSync(`/proc/${pid}/ns/${kind}`, 'r'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
