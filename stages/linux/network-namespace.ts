// network_namespaces(7), setns(2), socket(2)

import { closeSync, openSync } from 'node:fs';
import { CLONE_NEWNET, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './constants.ts';
import { Fd } from './fd.ts';
import { mustReturn } from './return.ts';
import { syscall } from './syscall.ts';

/** Held open: it lives as long as this does, and stays the same whatever becomes of the process it was found by. */
export class NetworkNamespace implements Disposable {
  readonly #fd: Fd;

  constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** A TCP socket belongs for good to the namespace it was made in, wherever it is used. Non-blocking, close-on-exec. */
  newTcpSocket(family: number): Fd {
    return this.inside(() => new Fd(syscall('socket', family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  }

  /** Does it with this thread in the namespace. */
  inside<T>(work: () => T): T {
    const home = openSync('/proc/thread-self/ns/net', 'r');
    try {
      // Namespaces belong to this thread: nothing is awaited before it is back.
      syscall('setns', this.#fd.number, CLONE_NEWNET);
      try {
        return work();
      } finally {
        mustReturn(() => void syscall('setns', home, CLONE_NEWNET));
      }
    } finally {
      closeSync(home);
    }
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
