import { realpathSync } from 'node:fs';
import { basename, isAbsolute, resolve } from 'node:path';
import { PodError, isKernelError } from '../error.ts';
import { readFolder } from '../sets/folder.ts';
import { type Inventory, readInventory, requireOrigin } from '../sets/inventory.ts';
import { requireSetName } from '../sets/set-store.ts';
import { nameOfSource, parseSource } from '../source/reference.ts';
import type { WatchedSource } from '../watch/watch-set.ts';
import type { Flag } from './flags.ts';
import { type Invocation, outputFlag } from './verb.ts';

export const FOLDER_FLAG: Flag = {
  name: 'file',
  short: 'f',
  value: 'DIR',
  isPath: true,
  help: 'the folder of manifests, or a folder in a git repository: git+https://HOST/REPO//PATH?ref=REF, git+ssh, git+file',
};
export const SET_FLAG: Flag = {
  name: 'set',
  value: 'NAME',
  completes: 'sets',
  help: 'the name of the set; default: the name of the folder',
};

export const REF_FLAG: Flag = {
  name: 'ref',
  value: 'REF',
  help: 'use this branch, tag or commit of the repository that holds the folder, not the files in the working tree',
};

/** Of what reads a folder; for one of a repository. */
export const REPOSITORY_FLAGS: readonly Flag[] = [
  REF_FLAG,
  {
    name: 'allowed-signers',
    value: 'F',
    isPath: true,
    help: 'require a commit signed by an SSH key in F (ssh-keygen(1), allowed signers)',
  },
];

/** Flags of all that changes a set. */
export const CHANGE_FLAGS: readonly Flag[] = [
  { name: 'wait', help: 'wait until all pods are healthy; exit 3 if a pod is not' },
  { name: 'timeout', value: 'DUR', help: 'time limit for the whole operation; default 5m' },
  {
    name: 'on-event',
    value: 'CMD',
    help: 'run CMD with /bin/sh for each event, with the event as JSON on its standard input',
  },
  {
    ...outputFlag('text'),
    help: 'table, wide, text; json, yaml (the result); jsonl (events as they happen); name (names of the changed pods)',
  },
];

export interface FolderSource {
  readonly set: string;
  readonly source: WatchedSource;
  /** The name was given: the set may have been another folder's. */
  readonly mayMove: boolean;
}

/** What `-f DIR` and `--set NAME` say. */
export async function folderSource(invocation: Invocation): Promise<FolderSource> {
  const { flags } = invocation;
  const dir = flags.value('file');
  if (dir === undefined) throw new PodError('cli/usage', '-f DIR is missing');
  const named = flags.value('set');
  if (flags.has('ref') || isRepository(dir)) {
    const { gitFolder } = await import('./git-folder.ts');
    const { name, source } = await gitFolder(invocation, dir);
    return { set: requireSetName(named ?? name), source, mayMove: named !== undefined };
  }
  if (flags.has('allowed-signers'))
    throw new PodError('cli/usage', '--allowed-signers goes with a repository, or with --ref');
  const home = resolve(dir);
  const set = requireSetName(named ?? basename(home));
  const origin = originOf(home, readInventory(invocation.root, set));
  return { set, source: { origin, read: () => readFolder(dir, home) }, mayMove: named !== undefined };
}

/**
 * The folder by the way it is reached: a link that leads to the next release is the same folder. By another way it is what the set
 * knows it by.
 */
function originOf(home: string, { origin }: Inventory): string {
  return origin !== null && isAbsolute(origin) && realOf(origin) === realOf(home) ? origin : home;
}

/** That it is not there is told when it is read. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (isKernelError(error)) return path;
    throw error;
  }
}

/** A folder that is called so is reached by `./git+…`. */
export function isRepository(dir: string): boolean {
  return /^git\+/i.test(dir);
}

/** The set of verbs that need no folder: by its name, or by the folder it is named after. */
export function setName({ flags }: Pick<Invocation, 'flags'>, operand: string | undefined): string | undefined {
  const dir = flags.value('file');
  const given = [operand, flags.value('set'), dir === undefined ? undefined : nameOfFolder(dir)].filter(
    (name) => name !== undefined,
  );
  return given[0] === undefined ? undefined : requireSetName(given[0]);
}

function nameOfFolder(dir: string): string {
  const reference = parseSource(dir);
  return reference.kind === 'git' ? nameOfSource(reference) : basename(resolve(dir));
}

/** The same; a folder that is only called as that of the set is refused. */
export async function ownSetName(invocation: Invocation, operand: string | undefined): Promise<string | undefined> {
  const set = setName(invocation, operand);
  const { flags, root } = invocation;
  const dir = flags.value('file');
  if (flags.has('ref') && dir === undefined) throw new PodError('cli/usage', '--ref goes with -f DIR');
  if (set === undefined || operand !== undefined || flags.has('set') || dir === undefined) return set;
  const inventory = readInventory(root, set);
  requireOrigin(inventory, await originOfFlags(invocation, dir, inventory));
  return set;
}

async function originOfFlags(invocation: Invocation, dir: string, inventory: Inventory): Promise<string> {
  if (!invocation.flags.has('ref') && !isRepository(dir)) return originOf(resolve(dir), inventory);
  const { gitFolder } = await import('./git-folder.ts');
  return (await gitFolder(invocation, dir)).source.origin;
}
