import { PodError } from '../../error.ts';
import { listImages, refOf } from '../../image/catalog.ts';
import { sizeOfLayer } from '../../image/notes.ts';
import { layerPath } from '../../image/layer.ts';
import { formatValue, render } from '../format.ts';
import type { Invocation } from '../verb.ts';
import { findImage, noSuchImage } from './find.ts';
import { listedImages } from './listed.ts';

export async function inspect({ flags, root, terminal }: Invocation, rest: readonly string[]): Promise<number> {
  const [ref, more] = rest;
  if (ref === undefined) throw new PodError('cli/usage', 'REF is missing');
  if (more !== undefined) throw new PodError('cli/usage', `unexpected argument "${more}"`);
  const found = findImage(root, ref);
  const name = refOf(found.key);
  const listed = listedImages(root).find((image) => image.ref === name);
  const config = listImages(found.store).find((image) => image.ref === name)?.config;
  if (!listed || !config) throw noSuchImage(found, ref, 'inspect');
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
