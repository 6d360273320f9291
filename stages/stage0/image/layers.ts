import { ensureLayer, layerPath, type LayerSource, opaqueMark } from './layer.ts';
import { settleLayers } from './settle.ts';
import type { Store } from './store.ts';
import { corrupt } from './tar/fault.ts';
import type { ResolveOptions } from './types.ts';

/** Overlayfs accepts at most 500 lower layers; one may be needed for settling, one for a snapshot, and one for files of the pod. */
const MAX_LAYERS = 497;
/** The main thread writes files while the pool decompresses; more parallel layers than this bring nothing. */
const PARALLEL = 4;

/** A layer with a known uncompressed digest, as in every image except a bare archive. */
export type KnownLayer = LayerSource & { readonly diffId: string };

/** Unpacks the missing layers, several at a time, and returns the layer directories, lowest first. If one fails, all stop. */
export async function ensureLayers(
  store: Store,
  sources: readonly KnownLayer[],
  label: string,
  options: ResolveOptions,
): Promise<string[]> {
  if (sources.length === 0) throw corrupt(`read ${label}: it has no layers`);
  if (sources.length > MAX_LAYERS)
    throw corrupt(`read ${label}: it has ${sources.length} layers, more than ${MAX_LAYERS}`);
  // Overlayfs rejects a directory that appears twice. Of two equal layers, the upper one is sufficient.
  const distinct = sources.filter(
    (source, index) => sources.findLastIndex(({ diffId }) => diffId === source.diffId) === index,
  );
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const queue = [...distinct];
  const work = async (): Promise<void> => {
    for (let source = queue.shift(); source; source = queue.shift()) {
      await ensureLayer(store, source, source.diffId.replace('sha256:', ''), { ...options, signal });
    }
  };
  await allOrNone(Array.from({ length: Math.min(PARALLEL, distinct.length) }, work), stop);
  const layers = distinct.map(({ diffId }) => layerPath(store, diffId));
  return settleLayers(store, layers, opaqueMark(options));
}

/** Waits for all, even if one failed: whatever the others began must be cleaned up before the caller gets the error. */
async function allOrNone(workers: readonly Promise<void>[], stop: AbortController): Promise<void> {
  let failure: { readonly error: unknown } | undefined;
  const fail = (error: unknown): void => {
    failure ??= { error };
    stop.abort(error);
  };
  await Promise.all(workers.map((worker) => worker.catch(fail)));
  if (failure) throw failure.error;
}
