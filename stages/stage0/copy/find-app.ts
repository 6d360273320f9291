import type { Fd } from '../../linux/fd.ts';
import { PodError } from '../error.ts';
import { readRecord } from '../pod/record.ts';
import { StatusReader } from '../pod/status.ts';
import type { PodDir } from '../pod/store.ts';
import { openAppRoot } from './app-root.ts';
import { Owners } from './owners.ts';

/** The file system of a running app, as seen from outside. */
export interface AppFiles extends Disposable {
  readonly root: Fd;
  readonly owners: Owners;
  /** Where further parts of its image are mounted, as names of entries. */
  readonly imageMounts: ReadonlySet<string>;
}

/** Without a name it is the pod's first app. */
export function openAppFiles(pod: PodDir, wanted: string | undefined): AppFiles {
  const record = readRecord(pod.path);
  const status = new StatusReader().read(pod);
  if (record === undefined || (status.state !== 'running' && status.state !== 'paused')) {
    const state = status.state === 'exited' ? 'it has exited' : `it is ${status.state}`;
    throw new PodError('pod/state', `open the files of pod ${pod.uuid}: ${state}`, {
      hint: 'the root of an app is there while the app runs',
    });
  }
  const names = record.apps.map(({ name }) => name);
  const name = wanted ?? names[0];
  const app = record.apps.find((one) => one.name === name);
  if (app === undefined)
    throw new PodError('pod/app-not-found', `find app "${name}": the pod has ${names.join(', ') || 'no apps'}`);
  const pid = status.apps.find((one) => one.name === app.name)?.pid ?? null;
  if (pid === null) throw new PodError('pod/state', `open the files of app "${app.name}": it does not run`);
  const root = openAppRoot(pod.uuid, app.name, pid);
  return {
    root,
    owners: new Owners(record.uidBase),
    imageMounts: mountsOf(app.exec),
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

/** Of what the launcher keeps in the record. */
function mountsOf(exec: unknown): ReadonlySet<string> {
  const { imageMounts = [] } = (exec ?? {}) as { readonly imageMounts?: readonly { readonly target: string }[] };
  return new Set(imageMounts.map(({ target }) => target.slice(1)).filter((path) => path !== ''));
}
