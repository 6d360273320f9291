// socketpair(2), unix(7)

import { Socket } from 'node:net';
import type { Fd } from '../../linux/fd.ts';
import { socketPair } from '../../linux/socket.ts';

/**
 * Holds back pods that will take over the addresses of other pods. Each pod has a connection: on it the pod reports that it is
 * ready except for its place on the bridge, then waits for the connection to close. A pod whose process is gone is not held.
 */
export class Gate implements Disposable {
  /** Resolves when the gate is opened: for pods that have no place on the bridge to wait for, and that are started only then. */
  readonly opened: Promise<void>;
  #letIn: () => void = () => undefined;
  readonly #held: { readonly uuid: string; readonly near: Socket; readonly arrival: Promise<void> }[] = [];

  constructor() {
    this.opened = new Promise((resolve) => (this.#letIn = resolve));
  }

  /** The connection that one pod's init waits on. The starter closes its copy once init has its own. */
  enter(uuid: string): Fd {
    const [near, far] = socketPair();
    const socket = new Socket({ fd: near.take(), readable: true, writable: false });
    const arrival = new Promise<void>((resolve) => {
      socket.once('data', () => resolve());
      // The pod failed; its starter reports the error.
      socket.on('error', () => resolve()).once('close', () => resolve());
    });
    this.#held.push({ uuid, near: socket, arrival });
    return far;
  }

  get uuids(): string[] {
    return this.#held.map(({ uuid }) => uuid);
  }

  /** Resolves when all pods that have entered have reported or are gone. */
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
