import { blobOfFile } from './blob.ts';
import { EMPTY_CONFIG } from './config.ts';
import { ensureLayer, layerPath, opaqueMark } from './layer.ts';
import type { ResolvedLayers } from './oci.ts';
import { settleLayers } from './settle.ts';
import type { Store } from './store.ts';
import type { ResolveOptions } from './types.ts';

/** Resolves a root file system in one archive: a single layer, without a configuration. `lockName` is unique to the path. */
export async function resolveTar(
  path: string,
  lockName: string,
  store: Store,
  options: ResolveOptions,
): Promise<ResolvedLayers> {
  const layer = await ensureLayer(store, { blob: blobOfFile(path, `"${path}"`) }, lockName, options);
  const layers = settleLayers(store, [layerPath(store, layer.diffId)], opaqueMark(options));
  return { digest: layer.digest, config: EMPTY_CONFIG, layers };
}
