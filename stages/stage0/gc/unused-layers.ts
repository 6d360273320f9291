import { renameSync } from 'node:fs';
import { basename } from 'node:path';
import { PodError } from '../error.ts';
import { layersIn, listImages } from '../image/catalog.ts';
import { layerPath } from '../image/layer.ts';
import { removeNotes, sizeOfLayer } from '../image/notes.ts';
import { type Store, storeAt, TempDir } from '../image/store.ts';
import { namesIn } from '../pod/files.ts';
import { imagesDir } from '../pod/layout.ts';
import { isLocked } from '../pod/lock.ts';
import { readRecord } from '../pod/record.ts';
import { type PodDir, PodStore } from '../pod/store.ts';
import { removeOwn } from './remove-own.ts';

export interface RemovedLayer {
  /** Its name in the store. */
  readonly layer: string;
  readonly sizeBytes: number | undefined;
}

/**
 * Removes the layers that no reference of the store and no pod needs, whatever the state of the pod is. Removes none while an
 * image is unpacked or a pod is launched: the layers of these are not written down anywhere yet.
 */
export async function removeUnusedLayers(root: string, isDryRun: boolean): Promise<RemovedLayer[]> {
  const store = storeAt(imagesDir(root));
  // Read before what uses them, so that a layer that comes meanwhile is not seen.
  const layers = layersIn(store);
  const usedByPods = layersOfPods(new PodStore(root));
  requireNoUnpacking(store);
  // After that, so that the record of an image that has just been fetched counts.
  const used = new Set([...listImages(store).flatMap((image) => image.layers), ...usedByPods]);
  const doomed = layers.filter((name) => !used.has(name)).toSorted();
  const removed = doomed.map((layer) => ({ layer, sizeBytes: sizeOfLayer(store, layer) }));
  if (!isDryRun) await removeLayers(store, doomed);
  return removed;
}

function layersOfPods(store: PodStore): string[] {
  return store.list().flatMap((pod) => (pod.state === 'garbage' ? [] : layersOf(pod)));
}

function layersOf(pod: PodDir): string[] {
  // Only the launcher knows the rest of what it keeps of an app.
  const kept = readRecord(pod.path)?.apps.map(({ exec }) => exec as { imageMounts?: readonly Mount[] } | undefined);
  if (!kept || kept.some((app) => app?.imageMounts === undefined)) {
    throw new PodError('pod/state', `remove unused layers: pod ${pod.uuid} does not say which ones it uses`, {
      hint: 'it is being launched, or its launch was interrupted: pod gc removes what is left of such a one',
    });
  }
  const mounts = kept.flatMap((app) => app!.imageMounts!);
  return mounts.flatMap(({ layers }) => layers.map((layer) => basename(layer)));
}

interface Mount {
  readonly layers: readonly string[];
}

/** Who unpacks, or reads whole layers, has a locked directory; a leftover of a killed one is not locked. */
function requireNoUnpacking({ tmp }: Store): void {
  for (const name of namesIn(tmp)) {
    if (!isLocked(`${tmp}/${name}`)) continue;
    throw new PodError(
      'pod/state',
      'remove unused layers: another process is fetching, unpacking or exporting an image',
      {
        hint: 'try again when it has finished',
      },
    );
  }
}

/**
 * They are gone at once, for whoever would use them: removing their files takes seconds, in which a fetch that begins must not
 * take one of them for its own. A killed removal leaves what `pod gc` sweeps.
 */
async function removeLayers(store: Store, layers: readonly string[]): Promise<void> {
  if (layers.length === 0) return;
  using temp = TempDir.create(store);
  for (const layer of layers) {
    renameSync(layerPath(store, layer), `${temp.path}/${layer}`);
    removeNotes(store, layer);
  }
  for (const layer of layers) await removeOwn(`${temp.path}/${layer}`, []);
}
