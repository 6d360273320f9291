import { buildIsolator, buildNetwork, buildUserns, type SpecInput } from './build-spec.ts';
import type { OutlineIsolator } from './outline.ts';
import type { IsolatedPod, PodSpec } from './spec.ts';

/**
 * What of a manifest with errors can be judged further: the isolators in which nothing is `refused` (pointers). A network or user
 * namespace that is refused counts as the default, under which most is allowed.
 */
export function soundPart(input: SpecInput, refused: ReadonlySet<string>): IsolatedPod {
  const { document, outline } = input;
  const isSound = (pointer: string): boolean => ![...refused].some((place) => `${place}/`.startsWith(`${pointer}/`));
  const build = (isolators: readonly OutlineIsolator[]): PodSpec['isolators'] =>
    isolators.filter((isolator) => isSound(placeOf(isolator))).map((isolator) => buildIsolator(document, isolator));
  const at = document.at('');
  return {
    network: isSound('/network') ? buildNetwork(input) : { mode: 'bridge', at },
    userns: isSound('/userns') ? buildUserns(input) : { mode: 'auto', size: 0, at },
    isolators: build(outline.isolators),
    apps: outline.apps.map(({ name = '', isolators }) => ({ name, isolators: build(isolators) })),
  };
}

/** With all that belongs to it: of a listed one, the item that has its name and its value. */
function placeOf({ pointer, isListed }: OutlineIsolator): string {
  return isListed ? pointer.slice(0, pointer.lastIndexOf('/')) : pointer;
}
