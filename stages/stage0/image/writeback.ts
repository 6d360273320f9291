import { syncfs } from '../../linux/syncfs.ts';
import { unpackFailure } from './unpack/failure.ts';

/** How much may wait in memory before writing begins. */
const MOST_DIRTY_BYTES = 32 * 1024 * 1024;

/**
 * Makes sure that a layer is on disk before it gets its name: a rename reaches the disk long before the data, so after a power
 * failure the layer would seem complete but contain empty files. Writing begins during unpacking, so that the final wait is short.
 */
export class Writeback {
  readonly #fd: number;
  readonly #archive: string;
  #dirtyBytes = 0;
  #running: Promise<void> | undefined;
  /** The kernel reports a lost write only once. */
  #failure: Error | undefined;

  /**
   * `fd`: a descriptor in the file system, which must stay open until `settle` has returned. `archive`: what is unpacked, for
   * messages.
   */
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

  /** On return, everything written is on disk. */
  async finish(): Promise<void> {
    await this.settle();
    try {
      if (this.#failure) throw this.#failure;
      await syncfs(this.#fd);
    } catch (error) {
      throw unpackFailure(error, this.#archive, undefined);
    }
  }

  /** On return, the descriptor is no longer in use. */
  async settle(): Promise<void> {
    await this.#running;
  }
}
