import { PodError, PodErrors, type Position } from '../error.ts';
import { missingPlugin } from '../network/cni/chain.ts';
import { CNI_VERSIONS, hasCapability, type NetworkConfig } from '../network/cni/config.ts';
import { configDir, findPlugin, pluginDirs, readNetworks } from '../network/cni/find.ts';
import { CNI_KIND, type CniState, netnsPath } from '../network/cni/state.ts';
import { networkLedger } from '../network/ledger.ts';
import type { PublishedPort } from '../network/types.ts';
import type { LedgerEntry } from '../pod/ledger.ts';

/** The network that a manifest names, and its line. */
export interface CniRequest {
  readonly name: string;
  readonly at: Position;
}

export interface CniPod {
  readonly uuid: string;
  readonly podName: string;
  readonly ports: readonly PublishedPort[];
  readonly onWarning?: ((warning: PodError) => void) | undefined;
}

/** Finds the network and refuses what it cannot do, all at once. The pod is put on it later, when its namespace exists. */
export function chooseNetwork({ name, at }: CniRequest, pod: CniPod): CniState {
  const what = `use CNI network "${name}"`;
  const network = findNetwork(name, what, at, pod.onWarning);
  const dirs = pluginDirs();
  const errors = [...versionErrors(network, what, at), ...pluginErrors(network, dirs, what, at)];
  if (!hasCapability(network, 'portMappings')) errors.push(...pod.ports.map((port) => unpublished(network, port)));
  if (errors.length > 0) throw errors.length === 1 ? errors[0]! : new PodErrors(errors);
  const { uuid: container, podName } = pod;
  const ports = pod.ports.map(({ port, protocol, hostPort, hostIP }) => ({
    port,
    protocol,
    hostPort,
    ...(hostIP === undefined ? {} : { hostIP }),
  }));
  return { network, pluginDirs: dirs, container, podName, netns: netnsPath(container), ports };
}

/** The claims of the ports are the bridge's: no other pod may publish them. */
export function cniLedger({ container, network, ports }: CniState): LedgerEntry[] {
  return [{ kind: CNI_KIND, uuid: container, network: network.name }, ...networkLedger(container, undefined, ports)];
}

function findNetwork(name: string, what: string, at: Position, onWarning: CniPod['onWarning']): NetworkConfig {
  const dir = configDir();
  const { networks, faults } = readNetworks(dir);
  const own = faults.find(({ network }) => network === name);
  const found = networks.find((network) => network.name === name);
  if (found) {
    // It may be the file that was meant.
    if (own) onWarning?.(new PodError('network/malformed', `${what}: ${own.message}; ${found.file} is used`, { at }));
    return found;
  }
  // A file that is no JSON does not say which network it is.
  const fault = own ?? faults.find(({ network }) => network === undefined);
  if (fault) throw new PodError('network/malformed', `${what}: ${fault.message}`, { at });
  const names = networks.map((network) => `"${network.name}"`).join(', ');
  throw new PodError('network/not-found', `${what}: ${dir} has ${names === '' ? 'no networks' : names}`, {
    at,
    hint: 'write a configuration, or name another directory in NETCONFPATH',
  });
}

function versionErrors({ cniVersion, file }: NetworkConfig, what: string, at: Position): PodError[] {
  if ((CNI_VERSIONS as readonly string[]).includes(cniVersion)) return [];
  const message = `${what}: ${file} has cniVersion "${cniVersion}"; pod knows ${CNI_VERSIONS.join(', ')}`;
  return [new PodError('network/malformed', message, { at })];
}

function pluginErrors({ plugins }: NetworkConfig, dirs: readonly string[], what: string, at: Position): PodError[] {
  const missing = new Set(plugins.map(({ type }) => type).filter((type) => findPlugin(type, dirs) === undefined));
  return [...missing].map((type) => missingPlugin(what, type, dirs, at));
}

function unpublished({ name, file }: NetworkConfig, { hostPort, at }: PublishedPort): PodError {
  const message = `publish host port ${hostPort}: no plugin of CNI network "${name}" has the capability "portMappings"`;
  return new PodError('network/plugin', message, { at, hint: `add the plugin "portmap" to ${file}` });
}
