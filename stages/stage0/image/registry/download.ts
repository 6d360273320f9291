import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { PodError } from '../../error.ts';
import type { Descriptor } from '../oci-select.ts';
import { hostile, corrupt } from '../tar/fault.ts';
import type { ImageProgress } from '../types.ts';
import type { RegistryClient } from './client.ts';
import type { Reply } from './connection.ts';

export interface DownloadOptions {
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
}

/**
 * Writes the blob to a new file and verifies it. A transfer that breaks off goes on where it ended, if the server can. Whatever
 * happens, no byte more than the descriptor says is written.
 */
export async function download(
  client: RegistryClient,
  descriptor: Descriptor,
  path: string,
  options: DownloadOptions,
): Promise<void> {
  const what = `fetch ${descriptor.label}`;
  const file = await open(path, 'wx', 0o600);
  try {
    const transfer = new Transfer(file, descriptor, options);
    await client.retry(
      async () => {
        if (transfer.isWhole) return;
        await transfer.take(await client.get(`blobs/${descriptor.digest}`, transfer.range(), what));
      },
      what,
      () => transfer.doneBytes,
    );
    transfer.verify();
  } finally {
    await file.close();
  }
}

class Transfer {
  readonly #file: FileHandle;
  readonly #descriptor: Descriptor;
  readonly #options: DownloadOptions;
  #hash: Hash = createHash('sha256');
  doneBytes = 0;

  constructor(file: FileHandle, descriptor: Descriptor, options: DownloadOptions) {
    this.#file = file;
    this.#descriptor = descriptor;
    this.#options = options;
  }

  get isWhole(): boolean {
    return this.doneBytes === this.#descriptor.size;
  }

  /** https://www.rfc-editor.org/rfc/rfc9110#section-14.2 */
  range(): Record<string, string> {
    return this.doneBytes === 0 ? {} : { range: `bytes=${this.doneBytes}-` };
  }

  async take(reply: Reply): Promise<void> {
    if (!this.#continues(reply)) this.#begin();
    try {
      for await (const chunk of reply.body as AsyncIterable<Buffer>) await this.#write(chunk);
    } finally {
      reply.body.destroy();
    }
    if (this.isWhole) return;
    const { label, size } = this.#descriptor;
    // The server's own length was kept, so that asking again brings the same.
    if (reply.body.complete) throw corrupt(`fetch ${label}: it has ${this.doneBytes} bytes, not ${size}`);
    throw new Cut();
  }

  verify(): void {
    const digest = `sha256:${this.#hash.digest('hex')}`;
    const { label, digest: expected } = this.#descriptor;
    if (digest !== expected) throw corrupt(`verify ${label}: its digest should be ${expected}, and is ${digest}`);
  }

  #continues({ status, headers }: Reply): boolean {
    return status === 206 && headers['content-range']?.startsWith(`bytes ${this.doneBytes}-`) === true;
  }

  #begin(): void {
    this.#hash = createHash('sha256');
    this.doneBytes = 0;
  }

  async #write(chunk: Buffer): Promise<void> {
    const { size, digest, label } = this.#descriptor;
    if (this.doneBytes + chunk.length > size)
      throw hostile(`fetch ${label}: the registry sends more than its ${size} bytes`);
    this.#hash.update(chunk);
    await writeAll(this.#file, chunk, this.doneBytes, `fetch ${label}`);
    this.doneBytes += chunk.length;
    this.#options.onProgress?.({ kind: 'download', digest, doneBytes: this.doneBytes, totalBytes: size });
  }
}

/** The connection ended before the blob did. */
class Cut extends Error {
  readonly code = 'ECONNRESET';

  constructor() {
    super('the transfer ends too early');
  }
}

/** A failure of the disk is none of the server's, and trying again does not help. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number, what: string): Promise<void> {
  try {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
  } catch (error) {
    throw new PodError('state/io', `${what}: ${(error as Error).message}`, { cause: error });
  }
}
