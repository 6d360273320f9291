// fsopen(2), fsconfig(2), fsmount(2), O_TMPFILE of open(2)

import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  O_CLOEXEC,
  O_RDWR,
  O_TMPFILE,
} from './constants.ts';
import { Fd } from './fd.ts';
import { fchmod } from './file.ts';
import { syscall } from './syscall.ts';

/** Unnamed files in memory with a common size limit, beyond which writes fail with ENOSPC. */
export class MemoryFiles implements Disposable {
  readonly #mount: Fd;

  constructor(maxBytes: number) {
    using context = new Fd(syscall('fsopen', 'tmpfs', FSOPEN_CLOEXEC));
    syscall('fsconfig', context.number, FSCONFIG_SET_STRING, 'size', String(maxBytes), 0);
    syscall('fsconfig', context.number, FSCONFIG_SET_STRING, 'mode', '0700', 0);
    syscall('fsconfig', context.number, FSCONFIG_CMD_CREATE, null, null, 0);
    this.#mount = new Fd(syscall('fsmount', context.number, FSMOUNT_CLOEXEC, 0));
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
