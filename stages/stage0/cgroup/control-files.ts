// cgroups(7): the control files of a pod or an app, wherever this host has the controllers

import { readFileSync } from 'node:fs';
import type { ControlFile } from '../isolators/isolator.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { appLeaf, podDirectory } from './names.ts';
import { isGone } from './processes.ts';

/** The owner of a cgroup: an app, or without `app` the pod. */
export interface CgroupOwner {
  readonly uuid: string;
  readonly app?: string | undefined;
}

export class ControlFiles {
  readonly #facts: CgroupFacts;
  readonly #owner: CgroupOwner;

  constructor(facts: CgroupFacts, owner: CgroupOwner) {
    this.#facts = facts;
    this.#owner = owner;
  }

  /** Undefined: no such controller, no such file in this version, or no cgroup of its own there. */
  read(controller: string, file: ControlFile): string | undefined {
    const hierarchy = hierarchyOf(this.#facts, controller);
    const name = hierarchy && (typeof file === 'string' ? file : file[hierarchy.version]);
    return name === undefined ? undefined : this.#readIn(hierarchy!, name);
  }

  /** A file of the version 2 tree, which has some numbers without any controller. */
  readUnified(file: string): string | undefined {
    const unified = unifiedOf(this.#facts);
    return unified && this.#readIn(unified, file);
  }

  #readIn(hierarchy: CgroupHierarchy, file: string): string | undefined {
    return readControlFile(`${directoryOf(hierarchy, this.#owner)}/${file}`);
  }
}

export function hierarchyOf(facts: CgroupFacts, controller: string): CgroupHierarchy | undefined {
  return facts.hierarchies.find(({ controllers }) => controllers.includes(controller));
}

export function unifiedOf(facts: CgroupFacts): CgroupHierarchy | undefined {
  return facts.hierarchies.find(({ version }) => version === 2);
}

export function directoryOf({ mountPoint }: CgroupHierarchy, { uuid, app }: CgroupOwner): string {
  const pod = podDirectory(mountPoint, uuid);
  return app === undefined ? pod : `${pod}/${appLeaf(app)}`;
}

/** Undefined when the file does not exist, or no longer. */
export function readControlFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // EOPNOTSUPP: the kernel has the file, but was booted without its data source (psi=0).
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** The number on a line `name N`. */
export function fieldOf(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/**
 * Version 1 expresses "no limit" as a number near 2^63, rounded to pages; both "no limit" and a missing value are undefined here.
 */
export function numberOf(text: string | undefined): number | undefined {
  const word = text?.trim();
  if (word === undefined || word === 'max') return undefined;
  return Number(word) >= UNLIMITED_FROM ? undefined : Number(word);
}

const UNLIMITED_FROM = 2 ** 62;
