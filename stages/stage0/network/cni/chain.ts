// CNI specification 1.0.0, sections 2 to 4: parameters, and the configuration that each plugin gets

import { PodError, type Position } from '../../error.ts';
import type { PortBinding } from '../types.ts';
import { isObject, type PluginConfig } from './config.ts';
import { findPlugin } from './find.ts';
import { objectIn, PluginFault, runPlugin } from './plugin.ts';
import { type CniState, POD_LINK } from './state.ts';

export interface ChainOptions {
  readonly lockFd: number;
  readonly limitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** The manifest's line, for errors. */
  readonly at?: Position | undefined;
}

type Result = Readonly<Record<string, unknown>>;

/** Calls the plugins in their order, each with the result of the one before. Returns the last one's. */
export async function addToNetwork(state: CniState, options: ChainOptions): Promise<Result> {
  const what = `put the pod on CNI network "${state.network.name}"`;
  let result: Result | undefined;
  for (const plugin of state.network.plugins) {
    const text = await call('ADD', state, { plugin, prevResult: result, netns: state.netns }, { ...options, what });
    result = objectIn(text);
    if (!result) throw fault(what, plugin, 'it printed no result', options);
  }
  return result!;
}

/**
 * Calls the plugins in the reverse order; the first that fails is the last that is called, and a later call begins anew. `netns`: empty
 * when the namespace is gone.
 */
export async function removeFromNetwork(state: CniState, netns: string, options: ChainOptions): Promise<void> {
  const what = `take the pod off CNI network "${state.network.name}"`;
  // Until 0.4.0, plugins were not told again what they had answered.
  const prevResult = state.network.cniVersion.startsWith('0.3.') ? undefined : state.result;
  for (const plugin of state.network.plugins.toReversed()) {
    await call('DEL', state, { plugin, prevResult, netns }, { ...options, what });
  }
}

interface Step {
  readonly plugin: PluginConfig;
  readonly prevResult: Result | undefined;
  readonly netns: string;
}

async function call(
  command: 'ADD' | 'DEL',
  state: CniState,
  { plugin, prevResult, netns }: Step,
  options: ChainOptions & { readonly what: string },
): Promise<string> {
  const path = findPlugin(plugin.type, state.pluginDirs);
  if (path === undefined) throw missingPlugin(options.what, plugin.type, state.pluginDirs, options.at);
  const parameters = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: state.container,
    CNI_NETNS: netns,
    CNI_IFNAME: POD_LINK,
    CNI_ARGS: `IgnoreUnknown=1;POD_NAME=${state.podName}`,
    CNI_PATH: state.pluginDirs.join(':'),
  };
  try {
    return await runPlugin({ ...options, path, parameters, request: requestFor(state, plugin, prevResult) });
  } catch (error) {
    if (!(error instanceof PluginFault)) throw error;
    throw fault(options.what, plugin, error.message, options);
  }
}

/** The plugin's own configuration, with what the runtime knows. */
export function requestFor(
  { network, ports }: Pick<CniState, 'network' | 'ports'>,
  plugin: PluginConfig,
  prevResult: Result | undefined,
): Record<string, unknown> {
  const { capabilities, prevResult: _theirs, ...own } = plugin;
  const runtimeConfig = {
    ...(isObject(own['runtimeConfig']) ? own['runtimeConfig'] : {}),
    ...(capabilities?.['portMappings'] === true && ports.length > 0 ? { portMappings: ports.map(portMapping) } : {}),
  };
  return {
    ...own,
    name: network.name,
    cniVersion: network.cniVersion,
    ...(Object.keys(runtimeConfig).length > 0 ? { runtimeConfig } : {}),
    ...(prevResult ? { prevResult } : {}),
  };
}

function portMapping({ hostPort, port, protocol, hostIP }: PortBinding): object {
  return { hostPort, containerPort: port, protocol, ...(hostIP === undefined ? {} : { hostIP }) };
}

export function missingPlugin(what: string, type: string, dirs: readonly string[], at?: Position): PodError {
  return new PodError('host/tool', `${what}: there is no plugin "${type}" in ${dirs.join(', ')}`, {
    at,
    hint: 'install it (package containernetworking-plugins), or name its directory in CNI_PATH',
  });
}

function fault(what: string, plugin: PluginConfig, message: string, { at }: ChainOptions): PodError {
  return new PodError('network/plugin', `${what}: plugin "${plugin.type}": ${message}`, { at });
}
