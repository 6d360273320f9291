import type { Bindings } from '../../tape/bindings.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { claimAddresses } from '../network/addresses.ts';
import { ensureBridge } from '../network/bridge.ts';
import { bridgeConfig } from '../network/bridge-config.ts';
import { claimPorts } from '../network/host-ports.ts';
import { hostsFile } from '../network/hosts-file.ts';
import { networkLedger } from '../network/ledger.ts';
import { planAttachVeth, planNetworkCleanup, planPodNetwork } from '../network/plan-network.ts';
import { resolvConf } from '../network/resolv-conf.ts';
import { networkBindings } from '../network/symbols.ts';
import type { PublishedPort } from '../network/types.ts';
import type { NetworkPlan } from '../plan/types.ts';
import * as claims from '../pod/claims.ts';
import { readIfThere } from '../pod/files.ts';
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
  /** Takes what the mode needs for one pod; `record` writes the ledger. */
  readonly acquire: (uuid: string, record: (entries: readonly LedgerEntry[]) => void) => AcquiredNetwork;
}

export function networkMode(spec: PodSpec, root: string): NetworkMode {
  const ports = publishedPorts(spec);
  const plan: NetworkPlan = {
    planAttach: (attach) => planAttachVeth(attach, spec.network, ports),
    planPod: (pod) => planPodNetwork(pod, spec.network),
    planSettle: (settle) => planNetworkCleanup(settle, spec.network, ports),
  };
  if (spec.network.mode === 'bridge') {
    return { plan, acquire: (uuid, record) => acquireBridge(spec, root, ports, uuid, record) };
  }
  return { plan, acquire: () => ({ ips: [], bindings: {}, ...resolverFiles(spec) }) };
}

function publishedPorts(spec: PodSpec): PublishedPort[] {
  return spec.apps.flatMap((app) =>
    app.ports.flatMap((port) =>
      port.hostPort === undefined ? [] : [{ ...port, hostPort: port.hostPort, app: app.name }],
    ),
  );
}

/** A pod that shares the host's network asks the host's resolvers; any other only those it can reach. */
function resolverFiles(
  spec: PodSpec,
  addresses?: Parameters<typeof hostsFile>[1],
): Pick<AcquiredNetwork, 'hosts' | 'resolvConf'> {
  const own = readIfThere('/etc/resolv.conf') ?? '';
  const upstream = readIfThere('/run/systemd/resolve/resolv.conf');
  return {
    hosts: hostsFile(spec.hostname, addresses),
    resolvConf: spec.network.mode === 'host' ? own : resolvConf(own, upstream),
  };
}

/** The address first: from then on nobody removes the bridge. */
function acquireBridge(
  spec: PodSpec,
  root: string,
  ports: readonly PublishedPort[],
  uuid: string,
  record: (entries: readonly LedgerEntry[]) => void,
): AcquiredNetwork {
  const config = bridgeConfig(root);
  const addresses = claimAddresses(claims, root, config, uuid);
  record(networkLedger(uuid, { config, addresses }, ports));
  claimPorts(claims, root, ports, uuid);
  const bridge = ensureBridge(root, config);
  return {
    ips: [addresses.ip4, addresses.ip6],
    bindings: networkBindings(root, config, addresses, uuid, bridge),
    ...resolverFiles(spec, addresses),
  };
}
