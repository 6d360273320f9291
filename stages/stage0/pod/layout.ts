import { join } from 'node:path';

/** Where a pod is in its life is where its directory is; one rename moves it on. */
export const POD_STATES = ['prepare', 'prepared', 'run', 'exited', 'garbage'] as const;
export type PodState = (typeof POD_STATES)[number];

/** Names inside a pod's directory. */
export const POD_FILES = {
  uuid: 'uuid',
  record: 'record.json',
  ledger: 'ledger',
  manifest: 'manifest.yaml',
  request: 'request.json',
  events: 'events',
  final: 'final',
  init: 'init',
  control: 'control',
  paused: 'paused',
  logs: 'logs',
  volumes: 'volumes',
} as const;

/** State and images of root go where the FHS wants them, a normal user's where XDG does. */
export function defaultRoot(env: NodeJS.ProcessEnv = process.env, euid: number = process.geteuid?.() ?? 0): string {
  if (euid === 0) return '/var/lib/pod';
  const data = env['XDG_DATA_HOME'];
  // XDG: a relative path there is invalid and must be ignored.
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
 * Where a pod's directory is born, before it is locked and moved to `prepare`. ext4 keeps a directory's files near it, and looks all over
 * the disk for a place where the children of `nurseries` have room (see `spreadChildren`), which takes 0.3 to 0.8 ms: so 64
 * directories are spread, once, and pods are born in one of them.
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

/** What the setup of test environments has made: a directory for each environment, with one for each content in it. */
export function snapshotsDir(root: string): string {
  return `${root}/snapshots`;
}

/** In an environment's directory, whose lock its maker holds: what is being made. */
export const SNAPSHOT_STAGING = '.staging';
