import { type PodError, podErrorsOf } from '../error.ts';
import type { Diagnostics } from '../manifest/diagnostics.ts';
import { judgePin } from '../pins/judge-pin.ts';
import { type Frozen, readPins } from '../pins/pins.ts';
import type { DesiredPod } from './types.ts';

/** Checks the current images against the locks beside the manifests. */
export function judgeLocks(pods: readonly DesiredPod[], frozen: Frozen | undefined): Diagnostics {
  const errors: PodError[] = [];
  const warnings: PodError[] = [];
  for (const dir of new Set(pods.map(({ baseDir }) => baseDir))) {
    try {
      const pins = readPins(dir, frozen);
      const images = pods.filter(({ baseDir }) => baseDir === dir).flatMap(imagesOf);
      for (const { at, ...image } of pins ? images : []) {
        const judged = judgePin(pins, image, { at, frozen });
        if (judged) (judged.severity === 'error' ? errors : warnings).push(judged.error);
      }
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  return { errors, warnings };
}

function imagesOf({ images, contents }: DesiredPod): (DesiredPod['images'][number] & { readonly digest: string })[] {
  return images.flatMap((image) => {
    const digest = contents.images[image.ref];
    return digest === undefined ? [] : { ...image, digest };
  });
}
