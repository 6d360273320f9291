// network_namespaces(7)

import { openSync } from 'node:fs';
import { Fd } from '../../linux/fd.ts';
import { NetworkNamespace } from '../../linux/network-namespace.ts';
import { PodError } from '../error.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';
import { findInit } from './find-init.ts';

/** The network of a running pod. */
export function openPodNetwork(uuid: string): NetworkNamespace {
  return new NetworkNamespace(openPodNamespace(uuid, 'net'));
}

/** A namespace of a running pod, as in /proc/PID/ns: that of its init, for an app may have left it for one of its own. */
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
    // The pid was init's before and after: it was not used again in between.
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
