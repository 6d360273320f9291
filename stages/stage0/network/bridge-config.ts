import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ErrnoName } from '../../linux/errno.ts';
import { PodError } from '../error.ts';
import { hash64 } from './hash.ts';
import { type HostRoutes, readHostRoutes } from './host-routes.ts';
import { formatIp4, formatIp6, formatPrefix4, ip4FromNumber, overlaps4, type Prefix4, parsePrefix4 } from './ip.ts';
import type { BridgeConfig } from './types.ts';

/**
 * 4,093 addresses: four times the number of ports of a bridge (BR_MAX_PORTS is 1024). All subnets have this size, so tapes do not
 * depend on the choice.
 */
export const SUBNET4_BITS = 20;
export const SUBNET6_BITS = 64;

/** Errors of a kernel booted without IPv6: the host and its pods then have IPv4 only. */
export const NO_IPV6: readonly ErrnoName[] = ['EOPNOTSUPP', 'EAFNOSUPPORT', 'EACCES'];

/** RFC 1918, then RFC 6598, in the order in which they are tried. */
const RANGES4 = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'];

/** The bridge network of a state directory, chosen when its first pod starts; if none has started yet, chosen now. */
export function bridgeConfig(root: string, hostRoutes: () => HostRoutes = readHostRoutes): BridgeConfig {
  return readConfig(root) ?? persist(root, chooseBridge(root, hostRoutes()));
}

/** Derives names from a hash of the root, and picks a subnet outside all routes of the host. Pure. */
export function chooseBridge(root: string, routes: HostRoutes): BridgeConfig {
  const hash = hash64(root);
  const digits = hexOf(hash);
  const subnet = chooseSubnet4(Number(hash >> 40n), routes);
  // RFC 4193: fd and 40 bits that differ from site to site; there is one subnet, number 0.
  const prefix6 = Buffer.from(`fd${digits.slice(-10)}`.padEnd(32, '0'), 'hex');
  const gateway6 = Uint8Array.from(prefix6).with(15, 1);
  return {
    ...bridgeNames(root),
    subnet4: formatPrefix4(subnet),
    gateway4: formatIp4(ip4FromNumber(subnet.base + 1)),
    subnet6: `${formatIp6(prefix6)}/${SUBNET6_BITS}`,
    gateway6: formatIp6(gateway6),
  };
}

export function bridgeNames(root: string): Pick<BridgeConfig, 'bridge' | 'table'> {
  const digits = hexOf(hash64(root)).slice(0, 6);
  return { bridge: `pod${digits}`, table: `pod-${digits}` };
}

export function isBridgeName(link: string): boolean {
  return /^pod[0-9a-f]{6}$/.test(link);
}

export function isTableName(table: string): boolean {
  return /^pod-[0-9a-f]{6}$/.test(table);
}

function hexOf(hash: bigint): string {
  return hash.toString(16).padStart(16, '0');
}

function chooseSubnet4(seed: number, { prefixes4 }: HostRoutes): Prefix4 {
  for (const range of RANGES4.map(parsePrefix4)) {
    const count = 2 ** (SUBNET4_BITS - range.bits);
    for (let i = 0; i < count; i++) {
      const base = range.base + ((seed + i) % count) * 2 ** (32 - SUBNET4_BITS);
      const candidate = { base, bits: SUBNET4_BITS };
      if (!prefixes4.some((taken) => overlaps4(candidate, taken))) return candidate;
    }
  }
  throw new PodError('network/exhausted', 'choose a subnet for pods: the host has routes to every private network', {
    hint: 'run the pod with network: {mode: host} or {mode: none}',
  });
}

/** Throws when the host has since got a route that overlaps the pods' subnet and would swallow their packets. */
export function refuseOverlap(config: BridgeConfig, { prefixes4 }: HostRoutes, root: string): void {
  const subnet = parsePrefix4(config.subnet4);
  const other = prefixes4.find((taken) => taken.device !== config.bridge && overlaps4(subnet, taken));
  if (!other) return;
  throw new PodError(
    'network/failed',
    `make the bridge network ${config.subnet4}: the host has a route to ${formatPrefix4(other)} by ${other.device}`,
    { hint: `stop all pods and remove "${configPath(root)}": the next pod chooses another subnet` },
  );
}

function configPath(root: string): string {
  return `${root}/network.json`;
}

/** Undefined before the first pod of a state directory is on its bridge. */
export function readConfig(root: string): BridgeConfig | undefined {
  let text: string;
  try {
    text = readFileSync(configPath(root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseConfig(text, configPath(root));
}

function parseConfig(text: string, path: string): BridgeConfig {
  const fields = ['bridge', 'table', 'subnet4', 'gateway4', 'subnet6', 'gateway6'] as const;
  try {
    const config = JSON.parse(text) as BridgeConfig | null;
    if (config && fields.every((field) => typeof config[field] === 'string')) return config;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  const hint = 'remove the file when no pod is running: the next pod chooses a new network';
  throw new PodError('state/io', `read "${path}": it does not describe a bridge network`, { hint });
}

/** A link appears completely or not at all: of several first pods at the same time one wins, and all use its choice. */
function persist(root: string, config: BridgeConfig): BridgeConfig {
  const path = configPath(root);
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
    linkSync(draft, path);
    return config;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return parseConfig(readFileSync(path, 'utf8'), path);
  } finally {
    rmSync(draft, { force: true });
  }
}
