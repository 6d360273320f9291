import { PodError } from '../error.ts';

/** How many ids a pod has. */
const RANGE = 0x10000;
/** What the pod itself sees where it has no number for an owner. */
const NOBODY = 65_534;

const VFS_CAP_REVISION_2 = 0x02;
const VFS_CAP_REVISION_3 = 0x03;
const CAPS_2_BYTES = 20;
const CAPS_3_BYTES = 24;

/**
 * Owners as a pod numbers them, and as they stand on the disk. `base` is null for a pod without a user namespace. `unmapped`: files
 * of the image are not seen through the pod's mapping, and have the owners the image gave them.
 */
export class Owners {
  readonly #base: number | null;

  readonly #isUnmapped: boolean;

  constructor(base: number | null, unmapped?: 'unmapped') {
    this.#base = base;
    this.#isUnmapped = unmapped !== undefined;
  }

  /** 65534 for what is not the pod's. */
  inside(id: number): number {
    if (this.#base === null) return id;
    if (this.#isUnmapped && id < RANGE) return id;
    return id >= this.#base && id < this.#base + RANGE ? id - this.#base : NOBODY;
  }

  /** Throws for a number the pod has not. */
  outside(id: number, path: string): number {
    if (this.#base === null) return id;
    if (id < RANGE) return this.#base + id;
    throw new PodError('host/refused', `copy "${path}" into the pod: its owner ${id} has no id in the pod`, {
      hint: `a pod has the ids 0 to ${RANGE - 1}`,
    });
  }

  /** capabilities(7): from outside, the root the capabilities are valid for is stated; inside, it is root. Undefined: another's. */
  capabilityInside(value: Buffer): Buffer | undefined {
    if (value.length !== CAPS_3_BYTES || value[3] !== VFS_CAP_REVISION_3) return value;
    if (this.inside(value.readUInt32LE(20)) !== 0) return undefined;
    const plain = Buffer.from(value.subarray(0, CAPS_2_BYTES));
    plain[3] = VFS_CAP_REVISION_2;
    return plain;
  }

  capabilityOutside(value: Buffer): Buffer {
    if (this.#base === null || value.length !== CAPS_2_BYTES) return value;
    const rooted = Buffer.alloc(CAPS_3_BYTES);
    value.copy(rooted);
    rooted[3] = VFS_CAP_REVISION_3;
    rooted.writeUInt32LE(this.#base, 20);
    return rooted;
  }
}
