import type { AppStatus } from './app-status.ts';
import { type PodRecord, readRecord } from './record.ts';
import { type PodStatus, readStatus } from './status.ts';
import type { PodStore } from './store.ts';

export interface Readiness {
  /** Every app that should be running is ready. */
  readonly isReady: boolean;
  /** Why the pod can no longer become ready. */
  readonly never?: string;
  /** Why the pod is not ready yet. */
  readonly notYet?: string;
}

export function readReadiness(store: PodStore, uuid: string): Readiness {
  const pod = store.locate(uuid);
  const record = pod && readRecord(pod.path);
  // The pod may have moved since the record was read; the record itself does not change.
  const status = readStatus(store, uuid);
  return status ? readinessOf(status, record) : { isReady: false, never: 'it was removed' };
}

export function readinessOf(status: PodStatus, record: PodRecord | undefined): Readiness {
  if (status.state === 'exited' || status.state === 'garbage') return { isReady: false, never: 'it has exited' };
  if (status.state !== 'running') return { isReady: false, notYet: `it is ${status.state}` };
  const apps = status.apps.map((app, index) => ({ app, restart: record?.apps[index]?.restart ?? 'never' }));
  const lost = apps.find(({ app, restart }) => isLost(app, restart));
  if (lost) return { isReady: false, never: `app "${lost.app.name}" ${endOf(lost.app)}` };
  const missing = apps.find(({ app, restart }) => !app.ready && !isDone(app, restart));
  if (missing) return { isReady: false, notYet: `app "${missing.app.name}" is ${stateOf(missing.app)}` };
  // All apps are done: the pod is about to end.
  return status.apps.some(({ ready }) => ready) ? { isReady: true } : { isReady: false, notYet: 'its apps are done' };
}

/** The app ran to completion, as an app that others wait for does. */
function isDone(app: AppStatus, restart: string): boolean {
  return app.state === 'exited' && app.exitCode === 0 && restart !== 'always';
}

/** The app will not start again: it failed for good, or it was skipped and so has no end. */
function isLost(app: AppStatus, restart: string): boolean {
  if (app.state !== 'exited') return false;
  if (app.reason === 'gave-up' || app.reason === 'dependency-failed') return true;
  if (app.exitCode === 0) return false;
  return restart === 'never' || app.finishedAt === null;
}

function endOf({ exitCode, finishedAt }: AppStatus): string {
  return finishedAt === null ? 'will not be started' : `has ended with ${exitCode ?? 'an unknown code'}`;
}

function stateOf({ state }: AppStatus): string {
  return state === 'running' ? 'not ready' : state;
}
