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
  events: 'events',
  final: 'final',
  control: 'control',
  logs: 'logs',
  apps: 'apps',
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

export function imagesDir(root: string): string {
  return `${root}/images`;
}
