import type { RolloutSpec } from '../manifest/spec.ts';
import { PodError } from '../error.ts';
import { parseObject, readIfThere, statIfThere } from '../pod/files.ts';
import { digestOf } from './digest.ts';
import { SET_FILES, setDir } from './set-store.ts';
import type { Contents, DesiredPod } from './types.ts';
import { writeWhole } from './write-whole.ts';

/** A pod of the set, and what it was made from. */
export interface Placement {
  readonly uuid: string;
  readonly digest: string;
  /** Digest of the manifest's text: if the pod's differs, its limits have been changed. */
  readonly text: string;
  readonly file: string;
  /** Base directory of relative paths in its manifest. */
  readonly baseDir: string;
  readonly contents: Contents;
  readonly rollout: RolloutSpec;
  /** Uuid of the set's pod whose network it shares. */
  readonly joined?: string | undefined;
}

/** The pods of the set under one name. */
export interface InventoryPod {
  readonly current?: Placement | undefined;
  /** Written before the pod is made, so that a crash leaves no unknown pod. */
  readonly next?: Placement | undefined;
  /** Pods to be stopped; `current` has replaced them. */
  readonly leaving?: readonly string[] | undefined;
  /** The dead pod that ran before `current`; its logs are kept until the next replacement. */
  readonly previous?: string | undefined;
  /** `current` has completed successfully. */
  readonly isCompleted?: boolean | undefined;
}

export type Outcome = 'healthy' | 'unhealthy' | 'applied';

export interface Inventory {
  readonly set: string;
  /** The source of the last apply: an absolute path, or the name of another kind of source. */
  readonly origin: string | null;
  /** Increased by each change. */
  readonly serial: number;
  readonly pods: Readonly<Record<string, InventoryPod>>;
  /** The revision applied last. */
  readonly revision?: { readonly number: number; readonly digest: string; readonly outcome: Outcome } | undefined;
  /** Digest of the folder at the last apply, whatever was applied. */
  readonly wanted?: string | undefined;
  /** `rollout undo`: the revision with this digest applies as long as the folder's digest is `until`. */
  readonly pin?: { readonly digest: string; readonly until: string } | undefined;
  readonly isSuspended?: boolean | undefined;
  /** The result of the last change. */
  readonly last?: { readonly at: string; readonly reason: string; readonly message: string } | undefined;
}

const VERSION = 1;

/**
 * Returns an empty inventory for a set that was never applied. Throws `set/damaged` for a file that is not ours or cannot be read,
 * because guessing would lose pods.
 */
export function readInventory(root: string, set: string): Inventory {
  const path = `${setDir(root, set)}/${SET_FILES.inventory}`;
  const text = readText(path, set);
  if (text === undefined) return { set, origin: null, serial: 0, pods: {} };
  const { version, ...inventory } = parseObject(text) ?? {};
  if (version === VERSION && isInventory(inventory)) return inventory;
  throw damaged(path, set, 'it is not an inventory of this version of pod');
}

function readText(path: string, set: string): string | undefined {
  try {
    if (statIfThere(path)?.isDirectory()) throw new Error('it is a directory');
    return readIfThere(path);
  } catch (error) {
    throw damaged(path, set, (error as Error).message, error);
  }
}

function isInventory(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Inventory {
  const { set, serial, origin, pods } = value;
  const isKnown =
    typeof set === 'string' && typeof serial === 'number' && (origin === null || typeof origin === 'string');
  return isKnown && isObject(pods) && Object.values(pods).every(isObject);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function damaged(path: string, set: string, found: string, cause?: unknown): PodError {
  return new PodError('set/damaged', `read "${path}", the inventory of set "${set}": ${found}`, {
    hint: 'restore the file from a backup; or remove the file, remove the pods of the set with pod rm --force, and apply the folder again',
    cause,
  });
}

/** Throws `set/not-found` for a set that was never applied. */
export function requireKnown({ set, serial }: Inventory): void {
  if (serial > 0) return;
  throw new PodError('set/not-found', `find set "${set}": no set with that name has been applied`, {
    hint: 'pod rollout status lists the sets',
  });
}

/** Two folders of the same name are two sets: one must not prune the pods of the other. Throws `set/other-folder`. */
export function requireOrigin({ set, origin }: Inventory, wanted: string): void {
  if (origin === null || origin === wanted) return;
  throw new PodError('set/other-folder', `use "${wanted}" as set "${set}": that set belongs to "${origin}"`, {
    hint: `--set NAME gives this folder another set name; --set ${set} confirms that the folder has moved`,
  });
}

/** Throws `set/suspended`. */
export function requireAwake({ set, isSuspended }: Inventory): void {
  if (!isSuspended) return;
  throw new PodError('set/suspended', `change set "${set}": it is suspended`, {
    hint: `pod rollout resume ${set} resumes it`,
  });
}

/** The inventory while the holder of the set's lock changes it. */
export class OpenInventory {
  readonly #path: string;
  #now: Inventory;
  #isNoted = false;

  constructor(root: string, set: string) {
    this.#path = `${setDir(root, set)}/${SET_FILES.inventory}`;
    this.#now = readInventory(root, set);
  }

  get now(): Inventory {
    return this.#now;
  }

  /** The change is on disk when this returns. */
  update(change: Partial<Omit<Inventory, 'set' | 'serial'>>): void {
    this.#change(change);
    this.flush();
  }

  /** Undefined: the set no longer has anything under that name. */
  updatePods(changes: Readonly<Record<string, InventoryPod | undefined>>): void {
    this.notePods(changes);
    this.flush();
  }

  /** As `updatePods`, for facts that would be found again after a crash: written with the next change, or by `flush`. */
  notePods(changes: Readonly<Record<string, InventoryPod | undefined>>): void {
    const pods = Object.entries({ ...this.#now.pods, ...changes }).filter(([, pod]) => pod !== undefined);
    this.#change({ pods: Object.fromEntries(pods) as Record<string, InventoryPod> });
  }

  flush(): void {
    if (!this.#isNoted) return;
    writeWhole(this.#path, JSON.stringify({ version: VERSION, ...this.#now }));
    this.#isNoted = false;
  }

  #change(change: Partial<Omit<Inventory, 'set' | 'serial'>>): void {
    this.#now = { ...this.#now, ...change, serial: this.#now.serial + 1 };
    this.#isNoted = true;
  }
}

export function placementOf(pod: DesiredPod, uuid: string): Placement {
  const { digest, file, baseDir, contents, rollout } = pod;
  return { uuid, digest, text: digestOf(pod.text), file, baseDir, contents, rollout };
}

/** All pods of the set under that name, except dead ones kept for their logs. */
export function uuidsOf({ current, next, leaving }: InventoryPod): string[] {
  return [current, next].flatMap((placement) => placement?.uuid ?? []).concat(leaving ?? []);
}
