import { dirname, resolve } from 'node:path';
import { PodError, PodErrors } from '../../error.ts';
import { imagesDir } from '../../pod/layout.ts';
import { frozenBy } from '../../pins/pins.ts';
import { type DraftedLock, draftFolder, type LockFolder, writeLock } from '../lock-folder.ts';
import { findManifests, isFolder } from '../manifest-folder.ts';
import { FROZEN_FLAG, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'lock',
  purpose:
    'Pins the images of manifests: writes the digests that their references stand for into the pod.lock beside them.',
  usage: ['pod lock [--update|--check] [--frozen] [FILE|DIR…]'],
  examples: [
    ['pod lock', 'pins what the manifests of this folder, and below it, have besides; what is pinned stays'],
    ['pod lock --update site', 'pins what the references of a folder stand for now'],
    ['pod lock --check site', 'exits 1 when the lock is not what pod lock would write'],
  ],
  flags: [
    { name: 'update', help: 'pin anew what has moved' },
    { name: 'check', help: 'write nothing; all differences are errors' },
    FROZEN_FLAG,
  ],
  notes: [
    'With a pod.lock beside it, a manifest whose image is another than the one that is pinned is an error for run, prepare, plan,',
    'validate and apply; one that is not pinned is a warning, and an error with --frozen or where CI is set. host and dir: images',
    'have no digest: the lock notes that they are not pinned.',
    'A manifest as operand adds to the lock of its folder; only a folder tells what is not used any more.',
  ],
  completes: 'files',
  run: lock,
};

async function lock(invocation: Invocation): Promise<number> {
  const { flags, operands, root, terminal, isQuiet } = invocation;
  const isCheck = flags.has('check');
  const moves = flags.has('update');
  if (moves && isCheck) throw new PodError('cli/usage', '--update does not go with --check');
  const isFrozen = frozenBy(flags.has('frozen')) !== undefined;
  if (moves && isFrozen)
    throw new PodError('lock/frozen', 'move the pins: the lock is frozen', {
      hint: 'update it where it is written by people, and commit it',
    });
  const drafts: DraftedLock[] = [];
  for (const folder of foldersOf(operands))
    drafts.push(await draftFolder(folder, { storeDir: imagesDir(root), moves }));
  const wrong = drafts.flatMap(({ differences, refused }) => (isCheck || isFrozen ? differences : refused));
  if (wrong.length > 0) throw new PodErrors(wrong);
  for (const draft of drafts) {
    const writes = draft.isChanged && !isCheck && !isFrozen;
    if (writes) writeLock(draft);
    if (!isQuiet) terminal.out(`${draft.path}: ${writes ? summaryOf(draft) : 'up to date'}\n`);
  }
  return 0;
}

/** In the order given; the current folder without operands. Each folder below that has manifests has a lock of its own. */
function foldersOf(operands: readonly string[]): LockFolder[] {
  const folders = new Map<string, LockFolder>();
  for (const operand of operands.length === 0 ? ['.'] : operands) {
    const isWhole = isFolder(operand);
    for (const file of findManifests(operand)) {
      const dir = dirname(resolve(file.path));
      const before = folders.get(dir);
      const files = new Map([...(before?.files ?? []), file].map((one) => [resolve(one.path), one]));
      folders.set(dir, { dir, files: [...files.values()], isWhole: isWhole || before?.isWhole === true });
    }
  }
  return [...folders.values()];
}

function summaryOf({ added, moved, removed }: DraftedLock): string {
  const parts = [
    [added.length, 'added'],
    [moved.length, 'moved'],
    [removed.length, 'removed'],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return parts.length === 0 ? 'written' : parts.join(', ');
}
