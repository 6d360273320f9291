import type { Position } from '../error.ts';
import type { PortSpec } from '../manifest/spec.ts';

/** The bridge of one state directory; all pods under the same `--root` are on it. */
export interface BridgeConfig {
  /** At most 15 bytes: `pod` and 6 hex digits of a hash of the root. */
  readonly bridge: string;
  /** Such as `10.1.16.0/20`, outside the host's routes. */
  readonly subnet4: string;
  /** A ULA prefix, /64. */
  readonly subnet6: string;
  readonly gateway4: string;
  readonly gateway6: string;
  /** Name of two nftables tables, of the families inet and bridge. */
  readonly table: string;
}

/** What a pod holds of the bridge network. Each address is a claim in the state directory until the pod is gone. */
export interface PodAddresses {
  readonly ip4: string;
  readonly ip6: string;
  readonly mac: string;
  /** The claim's key; absent: the IPv4 address. */
  readonly claim?: string;
  /** The first address of the room that the pod may not leave; such a pod has no IPv6. */
  readonly room?: string;
}

export interface PublishedPort extends PortSpec {
  readonly app: string;
  readonly hostPort: number;
  readonly at: Position;
}

/** The parts of `PublishedPort` that a host port's element needs; the ledger stores only these. */
export type PortBinding = Pick<PortSpec, 'port' | 'protocol' | 'hostIP'> & { readonly hostPort: number };
