// cgroups(7): the control files of a pod or an app, wherever this host has their controllers

import { readFileSync } from 'node:fs';
import type { ControlFile } from '../isolators/isolator.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { appLeaf, podDirectory } from './names.ts';
import { isGone } from './processes.ts';

/** Whose cgroup: an app's, or without one the pod's. */
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

  /** Undefined: no such controller, no such file on this version, or no cgroup of its own there. */
  read(controller: string, file: ControlFile): string | undefined {
    const hierarchy = hierarchyOf(this.#facts, controller);
    const name = hierarchy && (typeof file === 'string' ? file : file[hierarchy.version]);
    return name === undefined ? undefined : this.#readIn(hierarchy!, name);
  }

  /** Of the version 2 tree, which keeps some numbers without any controller. */
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

/** Undefined where it is not there, or not any more. */
export function readControlFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    // EOPNOTSUPP: the kernel has the file, and was booted without what would fill it (psi=0).
    if (isGone(error) || (error as NodeJS.ErrnoException).code === 'EOPNOTSUPP') return undefined;
    throw error;
  }
}

/** `name N` on a line of its own. */
export function fieldOf(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/** Version 1 says "no limit" with a number near 2^63, rounded to pages; both are undefined here, as is what is not there. */
export function numberOf(text: string | undefined): number | undefined {
  const word = text?.trim();
  if (word === undefined || word === 'max') return undefined;
  return Number(word) >= UNLIMITED_FROM ? undefined : Number(word);
}

const UNLIMITED_FROM = 2 ** 62;
