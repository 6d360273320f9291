import { ADDRESS_KIND, claimKey } from './addresses.ts';
import type { ClaimStore } from './claim-store.ts';
import { vethName } from './symbols.ts';
import type { BridgeConfig, PodAddresses, PortBinding } from './types.ts';

/** What a pod takes from the host's network, with everything needed to release it. */
export interface NetworkEntry {
  readonly kind: 'network';
  readonly uuid: string;
  /** Absent when the pod is not on the bridge. */
  readonly bridge?: { readonly config: BridgeConfig; readonly addresses: PodAddresses; readonly veth: string };
  readonly ports: readonly PortBinding[];
  readonly [member: string]: unknown;
}

/** The entries to write before the attach tape is played; empty when the pod takes nothing. */
export function networkLedger(
  uuid: string,
  bridge: { readonly config: BridgeConfig; readonly addresses: PodAddresses } | undefined,
  ports: readonly PortBinding[],
): NetworkEntry[] {
  if (!bridge && ports.length === 0) return [];
  const kept = ports.map(({ port, protocol, hostPort, hostIP }) => ({
    port,
    protocol,
    hostPort,
    ...(hostIP && { hostIP }),
  }));
  const { config, addresses } = bridge ?? {};
  const link = config && addresses ? { bridge: { config, addresses, veth: vethName(uuid) } } : {};
  return [{ kind: 'network', uuid, ...link, ports: kept }];
}

/**
 * Whether the entry is one that `networkLedger` has made for that pod. A ledger is a file and may be damaged; what it says of another
 * pod, or of links that are not the pod's, is not acted on.
 */
export function isNetworkEntry(entry: { readonly [member: string]: unknown }, uuid: string): entry is NetworkEntry {
  const { bridge, ports } = entry as Partial<NetworkEntry>;
  if (entry['uuid'] !== uuid || !Array.isArray(ports) || !ports.every(isPort)) return false;
  return bridge === undefined || isLink(bridge, uuid);
}

function isPort(port: unknown): boolean {
  const { protocol, hostPort, hostIP } = (port ?? {}) as Partial<PortBinding>;
  return isText(protocol) && typeof hostPort === 'number' && (hostIP === undefined || isText(hostIP));
}

function isLink(bridge: unknown, uuid: string): boolean {
  const { config, addresses, veth } = (bridge ?? {}) as Partial<NonNullable<NetworkEntry['bridge']>>;
  const { ip4, ip6, mac } = addresses ?? {};
  return veth === vethName(uuid) && isText(config?.bridge) && isText(config.table) && [ip4, ip6, mac].every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

/** False when nothing of the entry is held any more: a pod that ends normally releases the address claim last. */
export function mayHold(
  claims: Pick<ClaimStore, 'claimOwner'>,
  root: string,
  { bridge, ports, uuid }: NetworkEntry,
): boolean {
  return (
    ports.length > 0 ||
    (bridge !== undefined && claims.claimOwner(root, ADDRESS_KIND, claimKey(bridge.addresses)) === uuid)
  );
}
