import { fstatSync, readSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { memfd } from '../../linux/memfd.ts';

/**
 * A file in memory that a process writes its output to. Unlike a pipe it needs no reader while the process runs, and what the
 * process left behind in the background cannot keep us waiting for an end.
 */
export class Capture implements Disposable {
  readonly far: Fd = memfd('output', new Uint8Array(0));

  /** Everything that was written until now. */
  text(): string {
    const bytes = Buffer.alloc(fstatSync(this.far.number).size);
    let length = 0;
    for (let n = -1; length < bytes.length && n !== 0; length += n) {
      n = readSync(this.far.number, bytes, length, bytes.length - length, length);
    }
    return bytes.toString('utf8', 0, length);
  }

  [Symbol.dispose](): void {
    this.far[Symbol.dispose]();
  }
}
