import { AT_EMPTY_PATH, AT_REMOVEDIR } from '../../linux/constants.ts';
import type { SnapshotLayer } from '../manifest/spec.ts';
import { type Reg, sym, type Tape } from '../../tape/program.ts';
import type { Dir, Reason } from './mount-ops.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

/**
 * An overlay's upper or work directory, directly in the pod's directory, because each further directory would have to be made and
 * removed too.
 */
export function overlayDir(kind: 'upper' | 'work', app: Pick<RootfsApp, 'name'>, index: number): string {
  return `${kind}.${app.name}.${index}`;
}

const S_ISUID_ISGID = 0o6000;

export interface WritableDirs {
  readonly upper: string;
  readonly work: string;
}

/** The directories of a volume that starts with a snapshot's contents. */
export function volumeDirs(name: string): WritableDirs {
  return { upper: `volume.${name}`, work: `work.volume.${name}` };
}

/** Makes an app's writable directories, owned by the pod's root. */
export function planUpperDirsOf(tape: Tape, input: RootfsInput, app: RootfsApp, directory: Dir): void {
  const reason = { at: app.at, why: `make the writable layer of app "${app.name}"` };
  app.imageMounts.forEach(({ layer }, i) => {
    const mode = layer?.mode ?? 0o755;
    const dirs = { upper: overlayDir('upper', app, i), work: overlayDir('work', app, i), mode };
    planWritable(tape, input, directory, dirs, reason);
  });
}

/** The mode is the one visible in the overlay. */
export function planWritable(
  tape: Tape,
  { userns }: Pick<RootfsInput, 'userns'>,
  directory: Dir,
  { upper, work, mode }: WritableDirs & { readonly mode: number },
  reason: Reason,
): void {
  const owner = sym('uidBase');
  tape.call('mkdirat', [directory, tape.text(work), 0o700], reason);
  tape.call('mkdirat', [directory, tape.text(upper), mode], reason);
  // mkdir(2) cannot set these bits.
  if (mode & S_ISUID_ISGID) tape.call('fchmodat', [directory, tape.text(upper), mode], reason);
  // The overlay's root shows the owner of this directory; an idmapped upper would make the overlay read-only.
  if (userns) tape.call('fchownat', [directory, tape.text(upper), owner, owner, 0], reason);
}

/**
 * Done by init, whose ids are the pod's: the overlay's root must show the owner of the snapshot's layer, not that of the new
 * directory above it.
 */
export function planRootOwner(pod: Tape, layer: SnapshotLayer | undefined, mount: Reg, reason: Reason): void {
  if (!layer || (layer.uid === 0 && layer.gid === 0)) return;
  pod.call('fchownat', [mount, pod.text(''), layer.uid, layer.gid, AT_EMPTY_PATH], reason);
}

/** What overlayfs makes in the work directory of a volatile mount (Documentation/filesystems/overlayfs.rst), deepest first. */
const WORK_FILE = 'work/incompat/volatile/dirty';
const WORK_DIRS = ['work/incompat/volatile', 'work/incompat', 'work', ''];

/**
 * Removes the work directories after the exit has been reported: nothing reads them again, and the pod's removal would otherwise
 * have to search each of them. Anything else in them is left to the pod's removal.
 */
export function planWorkRemoval(settle: Tape, app: RootfsApp, directory: Dir): void {
  app.imageMounts.forEach((_, i) => {
    const remove = (path: string, flags: number): void =>
      settle.call('unlinkat', [directory, settle.text(`${overlayDir('work', app, i)}${path && `/${path}`}`), flags], {
        at: app.at,
        why: `remove the work directory of app "${app.name}"`,
        // The directories were never made, because the launch failed; or they contain something unknown, or something we may not
        // remove.
        tolerate: ['EBADF', 'ENOENT', 'ENOTEMPTY', 'EACCES'],
      });
    remove(WORK_FILE, 0);
    for (const path of WORK_DIRS) remove(path, AT_REMOVEDIR);
  });
}
