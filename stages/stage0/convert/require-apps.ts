import { PodError } from '../error.ts';

/** A name that no app has was meant for one that would keep its image. */
export function requireApps(images: ReadonlyMap<string, string>, names: readonly unknown[]): void {
  const unknown = [...images.keys()].find((name) => !names.includes(name));
  if (unknown === undefined) return;
  throw new PodError('cli/usage', `--image ${unknown}=…: the pod has no app "${unknown}"`, {
    hint: `its apps: ${names.join(', ')}`,
  });
}
