import { statfsSync } from 'node:fs';
import { PodError } from '../error.ts';
import type { Blob } from './blob.ts';
import { hostile } from './tar/fault.ts';

/** Real layers are compressed 2 to 20 times. Higher ratios are allowed up to a size that does no harm. */
const MAX_RATIO = 200;
const FREE_OF_RATIO_BYTES = 512 * 1024 * 1024;

/** Stops a decompression bomb before it fills the disk. */
export class Budget {
  readonly #blob: Blob;
  readonly #maxBytes: number;
  #freeBytes: number;
  #spentBytes = 0;

  /** `rootFd`: a directory of the file system that the bytes are written to; absent: they are written nowhere. */
  constructor(blob: Blob, rootFd?: number) {
    this.#blob = blob;
    this.#maxBytes = Math.max(FREE_OF_RATIO_BYTES, blob.size * MAX_RATIO);
    this.#freeBytes = Infinity;
    if (rootFd === undefined) return;
    const { bavail, bsize } = statfsSync(`/proc/self/fd/${rootFd}`);
    this.#freeBytes = bavail * bsize;
  }

  spend(bytes: number): void {
    this.#spentBytes += bytes;
    if (this.#spentBytes > this.#maxBytes) {
      throw hostile(`decompress ${this.#blob.label}: ${this.#blob.size} bytes became more than ${this.#maxBytes}`);
    }
    if (this.#spentBytes > this.#freeBytes) {
      throw new PodError(
        'state/io',
        `unpack ${this.#blob.label}: it needs more than the ${this.#freeBytes} bytes that are free in the store's file system`,
      );
    }
  }
}
