import type { Fd } from '../../linux/fd.ts';
import { PodError } from '../error.ts';
import type { ImageMount } from '../image/types.ts';
import { type AppRecord, type PodRecord, readRecord } from '../pod/record.ts';
import { StatusReader } from '../pod/status.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import type { LeftVolume } from '../rootfs/left-volumes.ts';
import { openAppRoot } from './app-root.ts';
import { type ExitedRoot, mountExitedRoot } from './exited-root.ts';
import { Owners } from './owners.ts';

/** The file system of an app, as seen from outside. */
export interface AppFiles extends Disposable {
  readonly root: Fd;
  readonly owners: Owners;
  /** Where further parts of its image are mounted, as names of entries. */
  readonly imageMounts: ReadonlySet<string>;
  /** What is left of its volumes; none while its pod runs. */
  readonly volumes: readonly LeftVolume[];
  /** Its pod has exited: nothing is written to it any more. */
  readonly isOver: boolean;
}

const UNREACHABLE = 'it was mounted inside another volume that is gone, or its directory was removed';

/** Without a name it is the pod's first app. */
export function openAppFiles(store: PodStore, pod: PodDir, wanted: string | undefined): AppFiles {
  const record = readRecord(pod.path);
  // It moves when it ends.
  const now = record === undefined ? store.locate(pod.uuid) : undefined;
  if (now && now.path !== pod.path) return openAppFiles(store, now, wanted);
  const { state } = new StatusReader().read(pod);
  if (record === undefined || (state !== 'running' && state !== 'paused' && state !== 'exited')) {
    throw new PodError('pod/state', `open the files of pod ${pod.uuid}: it is ${state}`, {
      hint: 'an app has a root file system only after the pod has been started',
    });
  }
  const app = findApp(record, wanted);
  const { imageMounts: mounts = [], volumes = [] } = (app.exec ?? {}) as Kept;
  const isOver = state === 'exited';
  const opened = isOver ? mountExitedRoot(pod, app.name, mounts, volumes) : running(openAppRoot(pod.uuid, app.name));
  return {
    root: opened.root,
    owners: new Owners(record.uidBase, isOver ? 'unmapped' : undefined),
    imageMounts: new Set(mounts.map(({ target }) => target.slice(1)).filter((path) => path !== '')),
    volumes: isOver
      ? volumes.map((one) => (opened.unreachable.includes(one) ? { ...one, gone: UNREACHABLE } : one))
      : [],
    isOver,
    [Symbol.dispose]: () => opened[Symbol.dispose](),
  };
}

function findApp({ apps }: PodRecord, wanted: string | undefined): AppRecord {
  const names = apps.map(({ name }) => name);
  const app = apps.find(({ name }) => name === (wanted ?? names[0]));
  if (app) return app;
  throw new PodError('pod/app-not-found', `find app "${wanted}": the pod has ${names.join(', ') || 'no apps'}`);
}

function running(root: Fd): ExitedRoot {
  return { root, unreachable: [], [Symbol.dispose]: () => root[Symbol.dispose]() };
}

/** Of what the launcher keeps in the record. */
interface Kept {
  readonly imageMounts?: readonly ImageMount[];
  readonly volumes?: readonly LeftVolume[];
}
