// recvfrom(2): the other end of sd_notify(3)

import { SO_RCVTIMEO } from '../../stages/linux/constants.ts';
import { datagramAddress, datagramSocket } from '../../stages/linux/datagram.ts';
import { setTimeLimit } from '../../stages/linux/socket.ts';
import { SyscallError } from '../../stages/linux/errno.ts';
import type { Fd } from '../../stages/linux/fd.ts';
import { syscall } from '../../stages/linux/syscall.ts';

/** For a message that is due, on a busy machine. */
const LIMIT_MS = 60_000;

/** What a service manager listens at. */
export class NotifySocket implements Disposable {
  readonly address: string;
  readonly #socket: Fd;

  constructor(address: string) {
    this.address = address;
    this.#socket = datagramSocket();
    const bytes = datagramAddress(address);
    syscall('bind', this.#socket.number, bytes, bytes.length);
  }

  /** The next message, whose lines it is. Nothing else happens in this process meanwhile; throws when none comes in time. */
  receive(limitMs: number = LIMIT_MS): string[] {
    const payload = Buffer.alloc(4096);
    setTimeLimit(this.#socket.number, SO_RCVTIMEO, limitMs);
    const length = syscall('recvfrom', this.#socket.number, payload, payload.length, 0, null, null);
    return payload.toString('utf8', 0, length).split('\n');
  }

  /** The first message that holds such a line; those before it are gone. */
  waitFor(line: RegExp): string[] {
    for (;;) {
      const message = this.receive();
      if (message.some((one) => line.test(one))) return message;
    }
  }

  /** All that has come. */
  drain(): string[][] {
    const messages: string[][] = [];
    for (;;) {
      try {
        messages.push(this.receive(1));
      } catch (error) {
        if (error instanceof SyscallError && error.errnoName === 'EAGAIN') return messages;
        throw error;
      }
    }
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
