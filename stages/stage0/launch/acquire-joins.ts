import type { Fd } from '../../linux/fd.ts';
import { PodError } from '../error.ts';
import type { Join } from '../plan/joins.ts';
import { markShared } from '../network/shared.ts';
import { findPod } from '../pod/find.ts';
import { type PodRecord, readRecord } from '../pod/record.ts';
import { PodStore } from '../pod/store.ts';
import { openPodNamespace } from './pod-network.ts';

export interface AcquiredJoins {
  /** Descriptors of the namespaces, in the order of the joins. */
  readonly fds: readonly Fd[];
  /** Addresses of the pod whose network is shared. */
  readonly ips: readonly string[];
  /** Hostname of the pod whose UTS namespace is shared. */
  readonly hostname: string | undefined;
}

/** Opens namespaces of running pods. An open descriptor keeps a namespace alive after its pod has ended. */
export function acquireJoins(root: string, joins: readonly Join[]): AcquiredJoins {
  const fds: Fd[] = [];
  let ips: readonly string[] = [];
  let hostname: string | undefined;
  try {
    for (const join of joins) {
      const { fd, record } = openJoined(root, join);
      fds.push(fd);
      if (join.kind === 'net') ips = record.network.ips;
      if (join.kind === 'uts') ({ hostname } = record);
    }
  } catch (error) {
    for (const fd of fds) fd[Symbol.dispose]();
    throw error;
  }
  return { fds, ips, hostname };
}

function shareNetwork({ uuid, network: { mode } }: PodRecord, path: string): void {
  if (mode === 'bridge') markShared(path, uuid);
  if (mode === 'host') {
    const hint = 'write "network: {mode: host}" to use the network of the host';
    throw new PodError('pod/state', 'it uses the network of the host', { hint });
  }
  if (mode === 'pod') {
    throw new PodError('pod/state', 'it uses the network of another pod', {
      hint: 'share the network of that other pod',
    });
  }
}

function openJoined(root: string, { kind, pod, at }: Join): { fd: Fd; record: PodRecord } {
  const what = `share the ${kind} namespace of pod "${pod}"`;
  try {
    const { uuid, path, state } = findPod(new PodStore(root), pod);
    const record = readRecord(path);
    if (!record || state !== 'run') throw new PodError('pod/state', 'it is not running');
    if (kind === 'net') shareNetwork(record, path);
    return { fd: openPodNamespace(uuid, kind), record };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    throw new PodError(error.code, `${what}: ${error.message}`, { at, hint: error.hint, cause: error });
  }
}
