import { syncfs } from '../../linux/syncfs.ts';
import { unpackFailure } from './unpack/failure.ts';

/** What may wait in memory before it begins to be written. */
const MOST_DIRTY_BYTES = 32 * 1024 * 1024;

/**
 * Sees to it that a layer is on the disk before it has its name there: after a power cut it would be found whole, with empty files
 * in it, as a rename is on the disk long before what it names. Writing begins while there is more to unpack, so that the wait at
 * the end is short.
 */
export class Writeback {
  readonly #fd: number;
  readonly #archive: string;
  #dirtyBytes = 0;
  #running: Promise<void> | undefined;
  /** The kernel tells of a lost write once. */
  #failure: Error | undefined;

  /** Of a descriptor in the file system, which stays open until `settle` has come back. `archive`: what is unpacked, for messages. */
  constructor(fd: number, archive: string) {
    this.#fd = fd;
    this.#archive = archive;
  }

  wrote(bytes: number): void {
    this.#dirtyBytes += bytes;
    if (this.#dirtyBytes < MOST_DIRTY_BYTES || this.#running) return;
    this.#dirtyBytes = 0;
    this.#running = syncfs(this.#fd)
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#running = undefined;
      });
  }

  /** All that was written is on the disk. */
  async finish(): Promise<void> {
    await this.settle();
    try {
      if (this.#failure) throw this.#failure;
      await syncfs(this.#fd);
    } catch (error) {
      throw unpackFailure(error, this.#archive, undefined);
    }
  }

  /** Nobody uses the descriptor any more. */
  async settle(): Promise<void> {
    await this.#running;
  }
}
