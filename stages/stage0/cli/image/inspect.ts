import { sizeOfLayer } from '../../image/notes.ts';
import { layerPath } from '../../image/layer.ts';
import { formatValue, render } from '../format.ts';
import type { Invocation } from '../verb.ts';
import { findStored, noSuchImage, onlyRef } from './find.ts';
import { listedImages } from './listed.ts';

export async function inspect({ flags, root, terminal }: Invocation, rest: readonly string[]): Promise<number> {
  const ref = onlyRef(rest);
  const found = findStored(root, ref, 'inspect');
  const { config, ref: name } = found.image;
  const listed = listedImages(root).find((image) => image.ref === name);
  // It was forgotten just now.
  if (!listed) throw noSuchImage(found, ref, 'inspect');
  const layers = listed.layers.map((layer) => ({
    name: layer,
    path: layerPath(found.store, layer),
    sizeBytes: sizeOfLayer(found.store, layer) ?? null,
  }));
  const all = { ...listed, layers, config };
  const shown = await render(flags.value('output') ?? 'json', {
    value: () => all,
    names: () => [listed.ref],
    text: () => formatValue(all, 'yaml'),
  });
  terminal.out(shown);
  return 0;
}
