import { readFileSync } from 'node:fs';
import type { Bindings } from '../../tape/data-section.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { hostsFile } from '../network/hosts-file.ts';
import type { NetworkPlan } from '../plan/types.ts';
import type { LedgerEntry } from '../pod/ledger.ts';

/** What one pod got of its network mode. */
export interface AcquiredNetwork {
  readonly ips: readonly string[];
  /** Contents of the apps' /etc/hosts and /etc/resolv.conf. */
  readonly hosts: string;
  readonly resolvConf: string;
  readonly bindings: Bindings;
}

export interface NetworkMode {
  readonly plan: NetworkPlan;
  /** Takes what the mode needs for one pod; `record` writes the ledger first. */
  readonly acquire: (uuid: string, record: (entries: readonly LedgerEntry[]) => void) => AcquiredNetwork;
}

const NOTHING: NetworkPlan = { planAttach: () => {}, planPod: () => {}, planCleanup: () => {} };

export function networkMode(spec: PodSpec, root: string): NetworkMode {
  void root;
  return { plan: NOTHING, acquire: () => ({ ips: [], hosts: hostsFile(spec.hostname), resolvConf: readFileSync('/etc/resolv.conf', 'utf8'), bindings: {} }) };
}
