import { signalName } from '../../linux/signals.ts';
import { type JsonObject, arrayOf, objectOf, stringOf, stringsOf } from './json.ts';
import { corrupt, printableText } from './tar/fault.ts';
import type { ImageConfig } from './types.ts';

/** The parts of an OCI or Docker image configuration that a run needs. */
export interface ConfigFile {
  readonly config: ImageConfig;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly string[];
  readonly os: string | undefined;
  readonly architecture: string | undefined;
}

export const EMPTY_CONFIG: ImageConfig = { entrypoint: [], command: [], env: {}, volumes: [] };

const DIGEST = /^sha256:[0-9a-f]{64}$/;

export function checkDigest(value: unknown, label: string): string {
  if (typeof value === 'string' && DIGEST.test(value)) return value;
  throw corrupt(`read ${label}: ${JSON.stringify(value)} is not a sha256 digest`);
}

export function parseConfigFile(json: unknown, label: string): ConfigFile {
  const file = objectOf(json, label);
  const rootfs = objectOf(file.rootfs, `${label}, "rootfs"`);
  return {
    config: parseConfig(objectOf(file.config, `${label}, "config"`), label),
    diffIds: arrayOf(rootfs.diff_ids, `${label}, "diff_ids"`).map((id) => checkDigest(id, `${label}, "diff_ids"`)),
    os: stringOf(file.os, `${label}, "os"`),
    architecture: stringOf(file.architecture, `${label}, "architecture"`),
  };
}

function parseConfig(config: JsonObject, label: string): ImageConfig {
  const text = (key: string): string | undefined => stringOf(config[key], `${label}, "${key}"`);
  const user = text('User');
  const workingDirectory = text('WorkingDir');
  const stopSignal = stopSignalOf(text('StopSignal'), label);
  return {
    entrypoint: stringsOf(config.Entrypoint, `${label}, "Entrypoint"`),
    command: stringsOf(config.Cmd, `${label}, "Cmd"`),
    env: parseEnv(stringsOf(config.Env, `${label}, "Env"`)),
    ...(user !== undefined && { user }),
    ...(workingDirectory !== undefined && {
      workingDirectory: workingDirectory.startsWith('/') ? workingDirectory : `/${workingDirectory}`,
    }),
    ...(stopSignal !== undefined && { stopSignal }),
    ...parseLabels(objectOf(config.Labels, `${label}, "Labels"`), label),
    volumes: Object.keys(objectOf(config.Volumes, `${label}, "Volumes"`)).toSorted(),
  };
}

function parseLabels(labels: JsonObject, label: string): Pick<ImageConfig, 'labels'> {
  const entries = Object.entries(labels).map(
    ([name, value]) => [name, stringOf(value, `${label}, "Labels"`) ?? ''] as const,
  );
  return entries.length === 0 ? {} : { labels: Object.fromEntries(entries) };
}

/** `NAME=VALUE` entries; the later of two wins. An entry without "=" sets nothing, as in other runtimes. */
function parseEnv(entries: readonly string[]): Record<string, string> {
  const pairs = entries
    .filter((entry) => entry.indexOf('=') > 0)
    .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const);
  // fromEntries defines its keys, so a variable called __proto__ is an ordinary variable.
  return Object.fromEntries(pairs);
}

/** In the notation of manifests. */
function stopSignalOf(value: string | undefined, label: string): string | undefined {
  if (value === undefined) return undefined;
  const name = signalName(value);
  if (name === undefined) throw corrupt(`read ${label}, "StopSignal": there is no signal "${printableText(value)}"`);
  return name;
}
