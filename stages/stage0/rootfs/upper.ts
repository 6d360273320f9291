import { sym, type Tape } from '../../tape/program.ts';
import type { Dir } from './mount-ops.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

/** One overlay's upper or work directory, in the pod's: each directory more is one more to make and to remove. */
export function overlayDir(kind: 'upper' | 'work', app: Pick<RootfsApp, 'name'>, index: number): string {
  return `${kind}.${app.name}.${index}`;
}

/** Makes an app's writable directories, owned by the pod's root. */
export function planUpperDirsOf(tape: Tape, { userns }: RootfsInput, app: RootfsApp, directory: Dir): void {
  const owner = sym('uidBase');
  const reason = { at: app.at, why: `make the writable layer of app "${app.name}"` };
  app.imageMounts.forEach((_, i) => {
    const upper = tape.text(overlayDir('upper', app, i));
    tape.call('mkdirat', [directory, tape.text(overlayDir('work', app, i)), 0o700], reason);
    tape.call('mkdirat', [directory, upper, 0o755], reason);
    // The overlay's root shows the owner of this directory; an idmapped upper would make it read-only.
    if (userns) tape.call('fchownat', [directory, upper, owner, owner, 0], reason);
  });
}
