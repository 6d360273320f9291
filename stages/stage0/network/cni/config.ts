// CNI specification 1.0.0, section 1: network configuration format

import { findJsonFault } from './json-fault.ts';

/** Versions whose results have the one form that we read. */
export const CNI_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;

/** What one plugin of a network gets; everything else in it is the plugin's own. */
export interface PluginConfig {
  readonly type: string;
  /** What the runtime is to say: `{"portMappings": true}`. */
  readonly capabilities?: Readonly<Record<string, unknown>>;
  readonly [member: string]: unknown;
}

export interface NetworkConfig {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly PluginConfig[];
  /** The file it is from. */
  readonly file: string;
}

/** Why a file is no configuration. `name`: the network's, if it says one. */
export class ConfigFault extends Error {
  readonly network: string | undefined;

  constructor(message: string, name?: string) {
    super(message);
    this.network = name;
  }
}

/** Reads a list of plugins, or one plugin, which is a list of one. Throws `ConfigFault`. */
export function parseNetworkConfig(text: string, file: string): NetworkConfig {
  const fault = findJsonFault(text);
  if (fault) throw new ConfigFault(`${file}:${fault.line}:${fault.col}: ${fault.message}`);
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new ConfigFault(`${file}: it is not a JSON object`);
  const { name, cniVersion = '0.1.0' } = value;
  if (typeof name !== 'string' || name === '') throw new ConfigFault(`${file}: it has no "name"`);
  if (typeof cniVersion !== 'string') throw new ConfigFault(`${file}: its "cniVersion" is not a string`, name);
  const plugins = 'plugins' in value ? value['plugins'] : [value];
  if (!Array.isArray(plugins) || plugins.length === 0) {
    throw new ConfigFault(`${file}: its "plugins" are not a list of plugins`, name);
  }
  plugins.forEach((plugin, index) => requirePlugin(plugin, `${file}: plugin ${index + 1}`, name));
  return { name, cniVersion, plugins: plugins as PluginConfig[], file };
}

/** A type is a file name, and must not lead out of the directories of plugins. */
function requirePlugin(plugin: unknown, what: string, name: string): void {
  if (!isObject(plugin)) throw new ConfigFault(`${what} is not a JSON object`, name);
  const { type, capabilities } = plugin;
  if (typeof type !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(type)) {
    throw new ConfigFault(`${what} has no "type" that is the name of a program`, name);
  }
  if (capabilities !== undefined && !isObject(capabilities)) {
    throw new ConfigFault(`${what}: its "capabilities" are not a JSON object`, name);
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a plugin of the network wants to be told this. */
export function hasCapability({ plugins }: Pick<NetworkConfig, 'plugins'>, capability: string): boolean {
  return plugins.some(({ capabilities }) => capabilities?.[capability] === true);
}
