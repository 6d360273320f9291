// cnitool: NETCONFPATH and CNI_PATH

import { constants, accessSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { ConfigFault, type NetworkConfig, parseNetworkConfig } from './config.ts';

const CONFIG_DIR = '/etc/cni/net.d';
/** Where the project installs plugins, Fedora, and Debian. */
const PLUGIN_DIRS = ['/opt/cni/bin', '/usr/libexec/cni', '/usr/lib/cni'];
const ENDINGS = ['.conf', '.conflist', '.json'];
/** A larger file is no configuration. */
const MOST_BYTES = 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/** The directory of the configurations. */
export function configDir(env: Environment = process.env): string {
  const asked = env['NETCONFPATH'];
  return asked?.startsWith('/') === true ? asked : CONFIG_DIR;
}

/** The directories of the plugins, in the order in which they are searched. Relative ones would depend on who asks. */
export function pluginDirs(env: Environment = process.env): string[] {
  const asked = (env['CNI_PATH'] ?? '').split(':').filter((dir) => dir.startsWith('/'));
  return asked.length > 0 ? asked : PLUGIN_DIRS;
}

export interface FoundNetworks {
  /** In lexical order of the files; of two with one name, the first. */
  readonly networks: readonly NetworkConfig[];
  readonly faults: readonly ConfigFault[];
}

/** All networks of the directory. Files that are none are told apart, because they need not concern anybody. */
export function readNetworks(dir: string): FoundNetworks {
  const networks = new Map<string, NetworkConfig>();
  const faults: ConfigFault[] = [];
  for (const file of filesOf(dir)) {
    try {
      const network = parseNetworkConfig(readConfig(file), file);
      if (!networks.has(network.name)) networks.set(network.name, network);
    } catch (error) {
      if (!(error instanceof ConfigFault)) throw error;
      faults.push(error);
    }
  }
  return { networks: [...networks.values()], faults };
}

function filesOf(dir: string): string[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    // Most hosts have none; an unreadable one is empty for us.
    return [];
  }
  return names
    .filter((name) => ENDINGS.some((ending) => name.endsWith(ending)))
    .toSorted()
    .map((name) => `${dir}/${name}`);
}

function readConfig(file: string): string {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) throw new ConfigFault(`${file}: it is not a file`);
    if (stats.size > MOST_BYTES) throw new ConfigFault(`${file}: it is larger than 1 MiB`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigFault) throw error;
    throw new ConfigFault(`${file}: it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
  }
}

/** The path of a plugin's program; undefined when no directory has it. */
export function findPlugin(type: string, dirs: readonly string[]): string | undefined {
  return dirs.map((dir) => `${dir}/${type}`).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
