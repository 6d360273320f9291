// tmpfs(5), O_TMPFILE of open(2)

import { O_CLOEXEC, O_RDWR, O_TMPFILE } from './constants.ts';
import { Fd } from './fd.ts';
import { fchmod } from './file.ts';
import { newMount } from './new-mount.ts';
import { syscall } from './syscall.ts';

/** Unnamed files in memory with a common size limit, beyond which writes fail with ENOSPC. */
export class MemoryFiles implements Disposable {
  readonly #mount: Fd;

  constructor(maxBytes: number) {
    this.#mount = newMount('tmpfs', [
      ['size', String(maxBytes)],
      ['mode', '0700'],
    ]);
  }

  open(): Fd {
    const file = new Fd(syscall('openat', this.#mount.number, '.', O_TMPFILE | O_RDWR | O_CLOEXEC, 0o600));
    // A process that has the file may reopen it, for example as /dev/stderr, whatever the umask was and whoever the process runs
    // as.
    fchmod(file.number, 0o666);
    return file;
  }

  [Symbol.dispose](): void {
    this.#mount[Symbol.dispose]();
  }
}
