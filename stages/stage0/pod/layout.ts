import { join } from 'node:path';

/** A pod's state is the directory that its own directory is in; one rename changes the state. */
export const POD_STATES = ['prepare', 'prepared', 'run', 'exited', 'garbage'] as const;
export type PodState = (typeof POD_STATES)[number];

/** Names inside a pod's directory. */
export const POD_FILES = {
  uuid: 'uuid',
  record: 'record.json',
  ledger: 'ledger',
  manifest: 'manifest.yaml',
  hosts: 'hosts',
  resolvConf: 'resolv.conf',
  cni: 'cni.json',
  cniLock: 'cni.lock',
  request: 'request.json',
  events: 'events',
  final: 'final',
  init: 'init',
  control: 'control',
  paused: 'paused',
  logs: 'logs',
  volumes: 'volumes',
} as const;

/** Root's state and images are where the FHS puts them, a normal user's where XDG puts them. */
export function defaultRoot(env: NodeJS.ProcessEnv = process.env, euid: number = process.geteuid?.() ?? 0): string {
  if (euid === 0) return '/var/lib/pod';
  const data = env['XDG_DATA_HOME'];
  // XDG: a relative path is invalid and must be ignored.
  return join(data?.startsWith('/') ? data : join(env['HOME'] ?? '/', '.local/share'), 'pod');
}

export function podsDir(root: string, state: PodState): string {
  return `${root}/pods/${state}`;
}

export function podPath(root: string, state: PodState, uuid: string): string {
  return `${root}/pods/${state}/${uuid}`;
}

const NURSERIES = 64;

/**
 * Where a pod's directory is made, before it is locked and moved to `prepare`. ext4 places files near their directory, and searches
 * the whole disk for a place for the children of `nurseries` (see `spreadChildren`), which takes 0.3 to 0.8 ms. So 64 directories
 * are spread once, and pods are made in one of them.
 */
export function nurseryDir(root: string, uuid: string): string {
  return `${nurseriesDir(root)}/${Number.parseInt(uuid.slice(0, 8), 16) % NURSERIES}`;
}

export function nurseriesDir(root: string): string {
  return `${root}/pods/nurseries`;
}

export function imagesDir(root: string): string {
  return `${root}/images`;
}

/** Snapshots made by the setup of test environments: a directory for each environment, with one directory for each key. */
export function snapshotsDir(root: string): string {
  return `${root}/snapshots`;
}

/** Inside an environment's directory, whose lock the maker holds: the snapshot being made. */
export const SNAPSHOT_STAGING = '.staging';
