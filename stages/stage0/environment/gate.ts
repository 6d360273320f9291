// socketpair(2), unix(7)

import { Socket } from 'node:net';
import type { Fd } from '../../linux/fd.ts';
import { socketPair } from '../../linux/socket.ts';

/**
 * Holds back pods that take the addresses of others: each has a connection, on which it says that it lacks nothing but its place on
 * the bridge, and waits for its end. A pod whose process is gone is not held.
 */
export class Gate implements Disposable {
  /** When it is opened: for pods that have no place to wait for, and are started only then. */
  readonly opened: Promise<void>;
  #letIn: () => void = () => undefined;
  readonly #held: { readonly uuid: string; readonly near: Socket; readonly arrival: Promise<void> }[] = [];

  constructor() {
    this.opened = new Promise((resolve) => (this.#letIn = resolve));
  }

  /** For one pod: what init waits on. Whoever starts it closes it, once init has its own. */
  enter(uuid: string): Fd {
    const [near, far] = socketPair();
    const socket = new Socket({ fd: near.take(), readable: true, writable: false });
    const arrival = new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      // It failed, which whoever starts it is told.
      socket.on('error', () => resolve()).once('close', () => resolve());
    });
    this.#held.push({ uuid, near: socket, arrival });
    return far;
  }

  get uuids(): string[] {
    return this.#held.map(({ uuid }) => uuid);
  }

  /** Of all that have entered. */
  async arrived(): Promise<void> {
    await Promise.all(this.#held.map(({ arrival }) => arrival));
  }

  open(): void {
    for (const { near } of this.#held) near.destroy();
    this.#letIn();
  }

  [Symbol.dispose](): void {
    this.open();
  }
}
