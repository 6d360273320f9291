import { PodError } from '../../error.ts';
import { formatBytes } from '../bytes.ts';
import { render } from '../format.ts';
import { age, renderTable } from '../table.ts';
import type { Invocation } from '../verb.ts';
import { type ListedImage, listedImages } from './listed.ts';

export async function ls({ flags, root, terminal }: Invocation, rest: readonly string[]): Promise<number> {
  if (rest.length > 0) throw new PodError('cli/usage', `unexpected argument "${rest[0]}"`);
  const images = listedImages(root);
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => images,
    names: () => images.map(({ ref }) => ref),
    text: (isWide) => {
      const header = ['REF', 'DIGEST', 'SIZE', 'AGE', 'PODS', ...(isWide ? ['LAYERS'] : [])];
      return renderTable(
        terminal,
        header,
        images.map((image) => row(image, isWide)),
      );
    },
  });
  terminal.out(shown);
  return 0;
}

function row({ ref, digest, sizeBytes, resolvedAt, pods, layers }: ListedImage, isWide: boolean): string[] {
  return [
    ref,
    isWide ? digest : digest.replace(/^sha[0-9]+:/, '').slice(0, 12),
    sizeBytes === null ? '-' : formatBytes(sizeBytes),
    age(Date.parse(resolvedAt)),
    pods.length === 0 ? '-' : pods.join(','),
    ...(isWide ? [String(layers.length)] : []),
  ];
}
