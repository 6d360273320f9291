import { readEvents, readFinal } from '../pod/events.ts';
import { Liveness } from '../pod/alive.ts';
import { readRecord } from '../pod/record.ts';
import { readStatus } from '../pod/status.ts';
import type { PodDir, PodStore } from '../pod/store.ts';

/** The state of a pod that the inventory names. */
export type Life =
  | { readonly kind: 'alive' }
  /** `isCompleted`: its apps ended successfully without being stopped. */
  | { readonly kind: 'ended'; readonly isCompleted: boolean; readonly why: string }
  | { readonly kind: 'missing' };

/** Reads the state of pods; a hundred live pods cost two small reads each. */
export class LifeReader {
  readonly #store: PodStore;
  readonly #running: ReadonlyMap<string, PodDir>;
  readonly #liveness = new Liveness();

  constructor(store: PodStore) {
    this.#store = store;
    this.#running = new Map(store.list(['run']).map((pod) => [pod.uuid, pod]));
  }

  read(uuid: string): Life {
    const running = this.#running.get(uuid);
    if (running && readFinal(running.path) === undefined && this.#liveness.isAlive(running)) return { kind: 'alive' };
    return readEnd(this.#store, uuid);
  }
}

export function readLife(store: PodStore, uuid: string): Life {
  return new LifeReader(store).read(uuid);
}

function readEnd(store: PodStore, uuid: string): Life {
  const status = readStatus(store, uuid);
  const pod = store.locate(uuid);
  if (!status || !pod || status.state === 'garbage') return { kind: 'missing' };
  if (status.state !== 'exited') return { kind: 'alive' };
  if (status.death !== null) return { kind: 'ended', isCompleted: false, why: status.death.replaceAll('-', ' ') };
  const mayEnd = readRecord(pod.path)?.apps.every(({ restart }) => restart !== 'always') ?? false;
  const wasStopped = readEvents(pod.path).some(({ e }) => e === 'stopping');
  const isCompleted = mayEnd && !wasStopped && status.exitCode === 0;
  return {
    kind: 'ended',
    isCompleted,
    why: wasStopped ? 'it was stopped' : `it exited with ${status.exitCode ?? 'an unknown code'}`,
  };
}
