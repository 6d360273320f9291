import { isObject, type NetworkConfig } from './config.ts';
import { objectIn } from './plugin.ts';
import type { PortBinding } from '../types.ts';

/** Kind of the ledger entry. */
export const CNI_KIND = 'cni';
/** The link's name in the pod. */
export const POD_LINK = 'eth0';

/**
 * In the pod's directory from before the first plugin is called until the last one has let go: everything that is needed to take the pod off the network again: the configuration may have been changed or removed meanwhile, and
 * another process may have other directories of plugins.
 */
export interface CniState {
  readonly network: NetworkConfig;
  readonly pluginDirs: readonly string[];
  /** The pod's uuid. */
  readonly container: string;
  readonly podName: string;
  /** Where the pod's network namespace is mounted while the pod is on the network. */
  readonly netns: string;
  readonly ports: readonly PortBinding[];
  /** What the last plugin said when the pod was put on the network; absent before that. */
  readonly result?: Readonly<Record<string, unknown>>;
}

/** Where `ip netns` and other runtimes have theirs. A file system of its own is below it, so nothing is left after a restart. */
export const NETNS_DIR = '/run/netns';

export function netnsPath(uuid: string): string {
  return `${NETNS_DIR}/pod-${uuid}`;
}

/** Undefined for a text that a crash has torn. */
export function parseState(text: string): CniState | undefined {
  const state = objectIn(text);
  const { network, pluginDirs, container, podName, netns, ports } = (state ?? {}) as Partial<CniState>;
  const isWhole =
    isObject(network) &&
    Array.isArray(network.plugins) &&
    Array.isArray(pluginDirs) &&
    Array.isArray(ports) &&
    [container, podName, netns].every((member) => typeof member === 'string');
  return isWhole ? (state as unknown as CniState) : undefined;
}
