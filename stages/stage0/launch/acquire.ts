import type { Bindings } from '../../tape/bindings.ts';
import { writeManifest } from '../pod/files.ts';
import { podPath } from '../pod/layout.ts';
import { appendLedger } from '../pod/ledger.ts';
import { claimName } from '../pod/names.ts';
import { writeRecord } from '../pod/record.ts';
import { type NewPod, PodStore } from '../pod/store.ts';
import type { AcquiredNetwork } from './network-mode.ts';
import { giveBack } from './give-back.ts';
import type { AcquireInput } from './acquire-input.ts';
import { newRecord } from './record.ts';
import { claimUidRange, UID_KIND } from './uid-range.ts';

/** A pod that has all it needs of this host but its processes. */
export interface AcquiredPod {
  readonly uuid: string;
  /** Where it will be when it runs. */
  readonly path: string;
  readonly lockFd: number;
  readonly ips: readonly string[];
  readonly bindings: Bindings;
}

/** What the pod takes is in its ledger before it is taken; a failure gives everything back. */
export async function acquirePod(input: AcquireInput): Promise<AcquiredPod> {
  const { root } = input.options;
  const pod = new PodStore(root).create();
  try {
    return take(input, pod);
  } catch (error) {
    return giveBack(root, pod, error);
  }
}

function take(input: AcquireInput, pod: NewPod): AcquiredPod {
  const { spec, network, options } = input;
  const { root } = options;
  // Claims carry the uuid: one that a crash left before it was in the ledger is found by gc all the same.
  claimName(new PodStore(root), spec.name, pod.uuid);
  const uidBase = claimUidRange(root, pod.uuid, spec.userns);
  const uidRange = uidBase === null ? [] : [{ kind: 'claim', of: UID_KIND, key: String(uidBase) }];
  appendLedger(pod.path, [...uidRange, ...input.plan.ledger(pod.uuid)]);
  const acquired = network.acquire(pod.uuid, (entries) => appendLedger(pod.path, entries));
  writeManifest(pod.path, spec.manifest.text);
  writeRecord(pod.path, newRecord({ ...input, uuid: pod.uuid, uidBase, ips: acquired.ips }));
  return {
    uuid: pod.uuid,
    path: podPath(root, 'run', pod.uuid),
    lockFd: pod.lockFd,
    ips: acquired.ips,
    bindings: bindingsFor(input, pod.uuid, uidBase, acquired),
  };
}

function bindingsFor(
  { spec, options }: AcquireInput,
  uuid: string,
  uidBase: number | null,
  network: AcquiredNetwork,
): Bindings {
  return {
    uuid,
    root: options.root,
    podDir: podPath(options.root, 'run', uuid),
    uidBase: uidBase ?? 0,
    hostname: spec.hostname,
    hosts: network.hosts,
    resolvConf: network.resolvConf,
    ...network.bindings,
  };
}
