import { pathExists } from '../../linux/file.ts';
import type { PodError, Position } from '../error.ts';
import type { Interface } from '../../linux/netdevice.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { claimAddresses } from '../network/addresses.ts';
import { bridgeConfig } from '../network/bridge-config.ts';
import { findBridge } from '../network/find-bridge.ts';
import { hostsFile } from '../network/hosts-file.ts';
import type { CniState } from '../network/cni/state.ts';
import { networkLedger } from '../network/ledger.ts';
import { parseIp4 } from '../network/ip.ts';
import { relayedResolvConf, resolvConf } from '../network/resolv-conf.ts';
import type { RoomPlace } from '../network/rooms.ts';
import { USER_DNS, USER_IP4, USER_MODE } from '../network/user-mode.ts';
import { networkBindings } from '../network/symbols.ts';
import type { BridgeConfig, PublishedPort } from '../network/types.ts';
import * as claims from '../pod/claims.ts';
import { readIfThere } from '../pod/files.ts';
import type { LedgerEntry } from '../pod/ledger.ts';
import type { CniRequest } from './acquire-cni.ts';

const HOST_RESOLVERS = '/etc/resolv.conf';
const RESOLVED = '/run/systemd/resolve/resolv.conf';

/** What one pod gets from its network mode. */
export interface AcquiredNetwork {
  readonly ips: readonly string[];
  /** Contents of the apps' /etc/hosts and /etc/resolv.conf. */
  readonly hosts: string;
  readonly resolvConf: string;
  readonly bindings: Bindings;
  readonly cni?: AcquiredCni;
}

/** A network of plugins, which the pod is put on when its namespace exists. */
export interface AcquiredCni {
  readonly state: CniState;
  /** The manifest's line. */
  readonly at: Position;
  /** The same list as the pod's; empty until the plugins have answered. */
  readonly ips: string[];
}

export interface NetworkRequest {
  readonly root: string;
  readonly uuid: string;
  readonly hostname: string;
  readonly mode: string;
  readonly ports: readonly PublishedPort[];
  readonly cni?: CniRequest | undefined;
  readonly podName: string;
  readonly onWarning?: ((warning: PodError) => void) | undefined;
  /** Addresses of the pod whose network this one shares. */
  readonly sharedIps: readonly string[];
  /** Set for a pod of a test environment. */
  readonly place?: EnvironmentPlace | undefined;
  /** Writes the pod's ledger. Called once, before anything except claims is taken. */
  readonly record: (entries: readonly LedgerEntry[]) => void;
}

/** A pod's place among the other pods of its test environment. */
export interface EnvironmentPlace extends RoomPlace {
  /** Lines of /etc/hosts: an address and its names. */
  readonly hosts: string;
}

/** Takes what the network mode needs for one pod. */
export async function acquireNetwork(request: NetworkRequest): Promise<AcquiredNetwork> {
  if (request.mode === 'bridge') return acquireBridge(request);
  if (request.cni) return acquireCni(request, request.cni);
  request.record([]);
  if (request.mode === USER_MODE) return userModeFiles(request);
  const isIp6 = (ip: string): boolean => ip.includes(':');
  const addresses = { ip4: request.sharedIps.find((ip) => !isIp6(ip)), ip6: request.sharedIps.find(isIp6) };
  return { ips: request.sharedIps, bindings: {}, ...resolverFiles(request, addresses) };
}

/** Nothing but the ports is taken here. */
async function acquireCni(request: NetworkRequest, cni: CniRequest): Promise<AcquiredNetwork> {
  const [{ chooseNetwork, cniLedger }, { endBindings }] = await Promise.all([
    import('./acquire-cni.ts'),
    import('./plan-cni.ts'),
  ]);
  const { root, uuid, ports, record } = request;
  const state = chooseNetwork(cni, request);
  record(cniLedger(state));
  if (ports.length > 0) await takePorts(root, ports, uuid);
  const ips: string[] = [];
  // The files are written later, from what the plugins answer.
  return { ips, hosts: '', resolvConf: '', bindings: endBindings(root, uuid), cni: { state, at: cni.at, ips } };
}

function userModeFiles({ hostname }: NetworkRequest): AcquiredNetwork {
  return {
    ips: [USER_IP4],
    bindings: { ip4: parseIp4(USER_IP4)! },
    hosts: hostsFile(hostname, { ip4: USER_IP4 }),
    resolvConf: relayedResolvConf(readIfThere('/etc/resolv.conf') ?? '', USER_DNS),
  };
}

/** A pod that shares the host's network uses the host's resolvers; any other pod uses only the resolvers it can reach. */
function resolverFiles(
  { hostname, mode, place }: NetworkRequest,
  addresses?: Parameters<typeof hostsFile>[1],
): Pick<AcquiredNetwork, 'hosts' | 'resolvConf'> {
  if (place?.kind === 'closed')
    return { hosts: hostsFile(hostname, addresses && { ip4: addresses.ip4 }) + place.hosts, resolvConf: '' };
  return {
    hosts: hostsFile(hostname, addresses) + (place?.hosts ?? ''),
    resolvConf: mode === 'host' ? (readIfThere(HOST_RESOLVERS) ?? '') : readResolvConf(),
  };
}

/** The resolv.conf of pods that do not share the host's network. */
export function readResolvConf(): string {
  const own = readIfThere(HOST_RESOLVERS) ?? '';
  // Most hosts do not have this file, and a failed read costs a new process a millisecond.
  const upstream = pathExists(RESOLVED) ? readIfThere(RESOLVED) : undefined;
  return resolvConf(own, upstream);
}

/** Claims the address first: the claim keeps others from removing the bridge. */
async function acquireBridge(request: NetworkRequest): Promise<AcquiredNetwork> {
  const { root, uuid, ports, record, place } = request;
  const config = bridgeConfig(root);
  const addresses = place
    ? (await import('../network/rooms.ts')).claimPlace(claims, root, config, place, uuid)
    : claimAddresses(claims, root, config, uuid);
  record(networkLedger(uuid, { config, addresses }, ports));
  // Loaded on demand: most starts publish no ports.
  if (ports.length > 0) await takePorts(root, ports, uuid);
  const bridge = findBridge(root, config) ?? (await makeBridge(root, config));
  return {
    ips: addresses.room === undefined ? [addresses.ip4, addresses.ip6] : [addresses.ip4],
    bindings: networkBindings(root, config, addresses, uuid, bridge),
    ...resolverFiles(request, addresses),
  };
}

async function takePorts(root: string, ports: readonly PublishedPort[], uuid: string): Promise<void> {
  const { claimPorts } = await import('../network/host-ports.ts');
  try {
    claimPorts(claims, root, ports, uuid);
  } catch (error) {
    await (await import('./take-from-dead.ts')).takeFromDead(error, root, ports, uuid);
  }
}

/** If pods exist on a bridge that somebody removed, they are connected to the new one. */
async function makeBridge(root: string, config: BridgeConfig): Promise<Interface> {
  const [{ ensureBridge }, { podsOnBridge }] = await Promise.all([
    import('../network/bridge.ts'),
    import('../gc/bridge.ts'),
  ]);
  return ensureBridge(root, config, () => podsOnBridge(root));
}
