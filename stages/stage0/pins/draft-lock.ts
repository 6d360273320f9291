import { PodError, type Position } from '../error.ts';
import { isPinnable, LOCK_VERSION, pinOf, type Pins, PLATFORM } from './pins.ts';
import { missingPin, movedPin } from './judge-pin.ts';

/** An image reference of a manifest. */
export interface Reference {
  readonly ref: string;
  readonly at: Position;
}

export interface LockInput {
  /** Of the lock, which may not exist yet. */
  readonly path: string;
  readonly now: Pins | undefined;
  /** One for each place in a manifest. */
  readonly references: readonly Reference[];
  /** What each reference that can be pinned resolves to. */
  readonly digests: ReadonlyMap<string, string>;
  /** The references are all there are in the folder: what is in the lock besides is not used any more. */
  readonly isWhole: boolean;
  /** What has moved is pinned anew; otherwise it stays, and is an error. */
  readonly moves: boolean;
}

export interface LockDraft {
  readonly text: string;
  readonly added: readonly string[];
  readonly moved: readonly string[];
  readonly removed: readonly string[];
  /** What makes the lock differ from the manifests and the images, each at its place. */
  readonly differences: readonly PodError[];
  /** Of them, what only `moves` may mend. */
  readonly refused: readonly PodError[];
}

/** What the lock has to be for the references. Pure. */
export function draftLock(input: LockInput): LockDraft {
  const { path, now, references, isWhole, moves } = input;
  const old = now ?? { path, images: {}, notPinned: [] };
  const wanted = new Map(references.map((reference) => [reference.ref, reference]));
  const pinnable = [...wanted.keys()].filter(isPinnable);
  const digestOf = (ref: string): string => input.digests.get(ref)!;
  const added = pinnable.filter((ref) => pinOf(old, ref) === undefined);
  const moved = pinnable.filter((ref) => !added.includes(ref) && pinOf(old, ref) !== digestOf(ref));
  const kept = Object.keys(old.images).filter((ref) => wanted.has(ref) || !isWhole);
  const removed = Object.keys(old.images).filter((ref) => !kept.includes(ref));

  const images = new Map(kept.map((ref) => [ref, old.images[ref]!]));
  for (const ref of added) images.set(ref, { ...images.get(ref), [PLATFORM]: digestOf(ref) });
  // The other machines' images belong to what the reference meant before.
  if (moves) for (const ref of moved) images.set(ref, { [PLATFORM]: digestOf(ref) });
  const notPinned = [...(isWhole ? [] : old.notPinned), ...[...wanted.keys()].filter((ref) => !isPinnable(ref))];

  const at = (ref: string): Position => wanted.get(ref)!.at;
  const refused = moved.map((ref) => movedPin(old, ref, { pinned: pinOf(old, ref)!, digest: digestOf(ref) }, at(ref)));
  return {
    text: renderLock(images, notPinned),
    added,
    moved,
    removed,
    differences: [
      ...refused,
      ...added.map((ref) => missingPin(old, ref, at(ref))),
      ...[...wanted.values()].filter(({ ref }) => !isPinnable(ref) && !old.notPinned.includes(ref)).map(notNoted(path)),
      ...removed.map(unused(path)),
      ...(isWhole ? old.notPinned.filter((ref) => !wanted.has(ref)).map(unused(path)) : []),
    ],
    refused: moves ? [] : refused,
  };
}

function notNoted(path: string): (reference: Reference) => PodError {
  return ({ ref, at }) =>
    new PodError('lock/stale', `use image "${ref}": "${path}" does not record that it has no digest`, {
      at,
      hint: 'pod lock records it',
    });
}

function unused(path: string): (ref: string) => PodError {
  return (ref) =>
    new PodError('lock/stale', `keep "${ref}" in "${path}": no manifest of the folder uses it`, {
      hint: 'pod lock removes it',
    });
}

/** One way to write it, so that it changes only when what it says does. */
function renderLock(
  images: ReadonlyMap<string, Readonly<Record<string, string>>>,
  notPinned: readonly string[],
): string {
  const sorted = [...images].toSorted(byName).map(([ref, digests]): [string, object] => {
    return [ref, Object.fromEntries(Object.entries(digests).toSorted(byName))];
  });
  // A reference is never a number, which is what would come first whatever the order.
  const lock = {
    version: LOCK_VERSION,
    images: Object.fromEntries(sorted),
    notPinned: [...new Set(notPinned)].toSorted(),
  };
  return `${JSON.stringify(lock, null, 2)}\n`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
