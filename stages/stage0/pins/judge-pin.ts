import { PodError, type Position } from '../error.ts';
import { type Frozen, isAsPinned, pinOf, type Pins, PLATFORM } from './pins.ts';

export interface PinJudgement {
  readonly severity: 'error' | 'warning';
  readonly error: PodError;
}

/** What is to be said of an image by the lock beside its manifest; undefined when it is the one that is pinned. */
export function judgePin(
  pins: Pins | undefined,
  image: { readonly ref: string; readonly digest: string },
  { at, frozen }: { readonly at: Position; readonly frozen?: Frozen | undefined },
): PinJudgement | undefined {
  if (!pins || isAsPinned(pins, image)) return undefined;
  const { ref, digest } = image;
  const pinned = pinOf(pins, ref);
  if (pinned !== undefined) return { severity: 'error', error: movedPin(pins, ref, { pinned, digest }, at) };
  return { severity: frozen ? 'error' : 'warning', error: missingPin(pins, ref, at) };
}

export function movedPin(
  { path }: Pick<Pins, 'path'>,
  ref: string,
  { pinned, digest }: { readonly pinned: string; readonly digest: string },
  at: Position,
): PodError {
  return new PodError('lock/stale', `use image "${ref}": its digest is now ${digest}, but "${path}" pins ${pinned}`, {
    at,
    hint: 'pod lock --update updates the pin',
  });
}

export function missingPin(pins: Pins, ref: string, at: Position): PodError {
  const others = Object.hasOwn(pins.images, ref) ? Object.keys(pins.images[ref]!) : [];
  const found = others.length > 0 ? `pins it for ${others.join(', ')} and not for ${PLATFORM}` : 'does not pin it';
  return new PodError('lock/stale', `use image "${ref}": "${pins.path}" ${found}`, { at, hint: 'pod lock adds it' });
}
