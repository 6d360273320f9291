import { dirname, resolve } from 'node:path';
import { PodError, PodErrors, podErrorsOf } from '../../error.ts';
import { imagesDir } from '../../pod/layout.ts';
import { frozenBy } from '../../pins/pins.ts';
import { type DraftedLock, draftFolder, type DraftOptions, type LockFolder, writeLock } from '../lock-folder.ts';
import { findManifests, isFolder } from '../manifest-folder.ts';
import { FROZEN_FLAG, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'lock',
  purpose:
    'Pins the images of manifests: resolves image references to digests and writes them to the pod.lock beside the manifests.',
  usage: ['pod lock [--update|--check] [--frozen] [FILE|DIR…]'],
  examples: [
    [
      'pod lock',
      'pin the images of all manifests in and below this folder that are not pinned yet; existing pins stay',
    ],
    ['pod lock --update site', 'pin what the image references of a folder resolve to now'],
    ['pod lock --check site', 'exit 1 if the lock differs from what pod lock would write'],
  ],
  flags: [
    { name: 'update', help: 'update the pins of images that have changed' },
    { name: 'check', help: 'write nothing; report every difference as an error' },
    FROZEN_FLAG,
  ],
  notes: [
    'If there is a pod.lock beside a manifest, an image that differs from its pin is an error for run, prepare, plan,',
    'validate and apply. An image that is not pinned is a warning, and an error with --frozen or when CI is set. host and',
    'dir: images have no digest: the lock records that they are not pinned.',
    'With a manifest as operand, pod lock only adds to the lock of its folder. It removes unused pins only if the operand is',
    'a folder.',
  ],
  completes: ['files'],
  run: lock,
};

async function lock(invocation: Invocation): Promise<number> {
  const { flags, operands, root, terminal, isQuiet } = invocation;
  const isCheck = flags.has('check');
  const moves = flags.has('update');
  if (moves && isCheck) throw new PodError('cli/usage', '--update does not go with --check');
  const isFrozen = frozenBy(flags.has('frozen')) !== undefined;
  if (moves && isFrozen)
    throw new PodError('lock/frozen', 'update the pins: the lock is frozen', {
      hint: 'update the lock on a workstation, and commit it',
    });
  const drafts = await draftAll(foldersOf(operands), { storeDir: imagesDir(root), moves });
  const wrong = drafts.flatMap(({ differences, refused }) => (isCheck || isFrozen ? differences : refused));
  if (wrong.length > 0) throw new PodErrors(wrong);
  for (const draft of drafts) {
    const writes = draft.isChanged && !isCheck && !isFrozen;
    if (writes) writeLock(draft);
    if (!isQuiet) terminal.out(`${draft.path}: ${writes ? summaryOf(draft) : 'up to date'}\n`);
  }
  return 0;
}

/** Throws with all that is wrong in any of the folders. */
async function draftAll(folders: readonly LockFolder[], options: DraftOptions): Promise<DraftedLock[]> {
  const errors: PodError[] = [];
  const drafts: DraftedLock[] = [];
  for (const folder of folders) {
    try {
      drafts.push(await draftFolder(folder, options));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return drafts;
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
