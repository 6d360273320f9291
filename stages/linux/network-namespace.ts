// network_namespaces(7), socket(2)

import { SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';
import { inNamespace } from './visit-namespace.ts';

/**
 * A network namespace held open by descriptor: it stays alive and unchanged, whatever happens to the process it was found through.
 */
export class NetworkNamespace implements Disposable {
  readonly #fd: Fd;

  constructor(fd: Fd) {
    this.#fd = fd;
  }

  /** A TCP socket belongs to the namespace it was made in, wherever it is used. Non-blocking, close-on-exec. */
  newTcpSocket(family: number): Fd {
    return this.inside(() => new Fd(syscall('socket', family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)));
  }

  /** Runs `work` with this thread in the namespace. */
  inside<T>(work: () => T): T {
    return inNamespace('net', this.#fd.number, work);
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }
}
