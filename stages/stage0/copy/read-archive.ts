import { readSync } from 'node:fs';
import { PodError } from '../error.ts';
import type { TarSink } from '../image/tar/entry.ts';
import { TarReader } from '../image/tar/reader.ts';
import { badArchive, readFailure } from './faults.ts';

const LIMITS = { maxEntries: 2_000_000, maxMetaBytes: 1024 * 1024 };
const CHUNK = 256 * 1024;
const NAME = 'standard input';

/** Of a descriptor, to its end. */
export function readArchive(fd: number, sink: TarSink): void {
  const reader = new TarReader(NAME, sink, LIMITS);
  const chunk = Buffer.allocUnsafe(CHUNK);
  let isEmpty = true;
  try {
    for (let got = readSome(fd, chunk); got > 0; got = readSome(fd, chunk)) {
      isEmpty = false;
      reader.write(chunk.subarray(0, got));
    }
    if (isEmpty) throw badArchive(`read ${NAME}: it is empty`);
    reader.finish();
  } catch (error) {
    // The reader takes what it reads for an image.
    if (error instanceof PodError && error.code.startsWith('image/')) throw badArchive(error.message, error);
    throw error;
  }
}

/** Waits also where the descriptor was made non-blocking by someone we share it with. */
function readSome(fd: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(fd, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw readFailure(error, `read ${NAME}`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}
