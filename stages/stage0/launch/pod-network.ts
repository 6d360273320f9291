// network_namespaces(7)

import { NetworkNamespace } from '../../linux/network-namespace.ts';
import { PodError } from '../error.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';
import { findInit } from './find-init.ts';

/** The network of a running pod: that of its init, for an app may have left it for one of its own. */
export function openPodNetwork(uuid: string): NetworkNamespace {
  const mountPoints = cgroupMountPoints();
  const pid = findInit(uuid, mountPoints);
  if (pid !== undefined) {
    const network = openUnlessGone(pid);
    // The pid was init's before and after: it was not used again in between.
    if (network && findInit(uuid, mountPoints) === pid) return network;
    network?.[Symbol.dispose]();
  }
  throw new PodError('pod/state', 'enter the network of the pod: its init is not running');
}

function openUnlessGone(pid: number): NetworkNamespace | undefined {
  try {
    return NetworkNamespace.of(pid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}
