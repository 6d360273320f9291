import type { Fd } from '../../linux/fd.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { cgroupLedger } from '../cgroup/ledger.ts';
import { writeManifest } from '../pod/files.ts';
import { podPath } from '../pod/layout.ts';
import { appendLedger, type LedgerEntry } from '../pod/ledger.ts';
import { writeRecord } from '../pod/record.ts';
import { type NewPod, PodStore } from '../pod/store.ts';
import { rangePath } from '../pod/uid-ranges.ts';
import { type AcquiredCni, type AcquiredNetwork, acquireNetwork } from './acquire-network.ts';
import type { AcquiredJoins } from './acquire-joins.ts';
import type { AcquiredStores } from './acquire-stores.ts';
import type { AcquireInput } from './acquire-input.ts';
import { newRecord } from './record.ts';
import { takeName } from './take-name.ts';
import { claimUidRange, UID_RANGE_KIND } from './uid-range.ts';

/** A pod that has taken everything it needs from this host, but has no processes yet. */
export interface AcquiredPod {
  readonly uuid: string;
  /** The path of the pod's directory once the pod runs. */
  readonly path: string;
  readonly lockFd: number;
  readonly ips: readonly string[];
  readonly bindings: Bindings;
  /** Descriptors that are sent with the tape, into its first registers. The caller that hands them off closes them. */
  readonly given: readonly Fd[];
  /** To be connected while init waits, with what /etc/hosts needs. */
  readonly cni?: AcquiredCni;
  readonly hostname?: string;
}

/** Takes what the pod needs. Everything is in the pod's ledger before it is taken; a failure releases everything. */
export async function acquirePod(input: AcquireInput): Promise<AcquiredPod> {
  const { root } = input.options;
  const pod = input.prepared ?? new PodStore(root).create(input.options.uuid);
  try {
    return await take(input, pod);
  } catch (error) {
    const { giveBack } = await import('./give-back.ts');
    return giveBack(root, pod, error);
  }
}

async function take(input: AcquireInput, made: NewPod): Promise<AcquiredPod> {
  const { joins } = input.pod;
  const joined = joins && (await import('./acquire-joins.ts')).acquireJoins(input.options.root, joins);
  try {
    return await takeAll(input, made, joined);
  } catch (error) {
    for (const fd of joined?.fds ?? []) fd[Symbol.dispose]();
    throw error;
  }
}

async function takeAll(
  input: AcquireInput,
  { uuid, path, lockFd }: NewPod,
  joined: AcquiredJoins | undefined,
): Promise<AcquiredPod> {
  const { identity, pod, options } = input;
  const { root } = options;
  const hostname =
    joined?.hostname ?? (pod.hasHostName ? process.getBuiltinModule('node:os').hostname() : identity.hostname);
  // Claims contain the uuid, so gc finds a claim that a crash left before the ledger was written.
  if (!input.prepared) await takeName(new PodStore(root), identity.name, uuid, options);
  const uidBase = claimUidRange(root, uuid, pod.userns);
  const uidRange = uidBase === null ? [] : [{ kind: UID_RANGE_KIND, base: uidBase }];
  const cgroups = cgroupLedger(pod.cgroupMounts, uuid).map((entry) => ({ ...entry }));
  const marks = pod.hasMarks ? [{ kind: 'marks', uuid }] : [];
  const first = [...uidRange, ...cgroups, ...marks];
  const record = (entries: readonly LedgerEntry[]): void => appendLedger(path, [...first, ...entries]);
  const sharedIps = joined?.ips ?? [];
  const { place } = options;
  const { onWarning } = options;
  const named = { root, uuid, hostname, podName: identity.name, onWarning };
  const network = await acquireNetwork({ ...named, ...pod.network, sharedIps, place, record });
  const metadata =
    pod.hasMetadata && (await import('../metadata/endpoint.ts')).metadataEndpoint(root, uuid, pod.network.mode);
  if (!input.prepared) writeManifest(path, identity.manifest.text);
  const known = { uuid, hostname, uidBase, ips: network.ips, metadataUrl: metadata?.url };
  writeRecord(path, newRecord({ ...input, ...known }));
  const stores = pod.stores && (await acquireStoresOf(input, uuid, path));
  const own = bindingsFor(input, { uuid, hostname, uidBase, network });
  const bindings = { ...own, ...metadata?.bindings, ...stores?.bindings };
  const gate = options.gate ? [options.gate] : [];
  const given = [...(stores?.devices ?? []), ...(joined?.fds ?? []), ...gate];
  const { ips, cni } = network;
  return { uuid, path: podPath(root, 'run', uuid), lockFd, ips, bindings, given, ...(cni ? { cni, hostname } : {}) };
}

/** Loaded on demand: few pods limit their disk usage. */
async function acquireStoresOf(
  { pod, options: { root } }: AcquireInput,
  uuid: string,
  path: string,
): Promise<AcquiredStores> {
  const { acquireStores } = await import('./acquire-stores.ts');
  return acquireStores({ root, uuid, path, stores: pod.stores!, record: (entries) => appendLedger(path, entries) });
}

interface Taken {
  readonly uuid: string;
  readonly hostname: string;
  readonly uidBase: number | null;
  readonly network: AcquiredNetwork;
}

function bindingsFor({ identity, options }: AcquireInput, { uuid, hostname, uidBase, network }: Taken): Bindings {
  return {
    uuid,
    root: options.root,
    podDir: podPath(options.root, 'run', uuid),
    uidBase: uidBase ?? 0,
    uidRange: rangePath(uidBase ?? 0),
    hostname,
    podName: identity.name,
    hosts: network.hosts,
    resolvConf: network.resolvConf,
    ...network.bindings,
  };
}
