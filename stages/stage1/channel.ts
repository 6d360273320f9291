import { decodeMessage, MESSAGE_BYTES, type Message } from './message.ts';
import type { Transport } from './transport.ts';

/** The messages that come in over one socket to stage1, in order. */
export class Channel {
  readonly #transport: Transport;
  readonly #queue: Message[] = [];
  readonly #waiting: ((message: Message | undefined) => void)[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;

  readonly #onEnd: () => void;

  /** `onEnd` is called once, when the other side has closed it or we have. */
  constructor(transport: Transport, onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
    this.#transport = transport;
    transport.listen(
      (chunk) => this.#receive(chunk),
      () => this.#end(),
    );
  }

  /** The next message; undefined when there will be none. */
  next(): Promise<Message | undefined> {
    const message = this.#queue.shift();
    if (message || this.#ended) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** There will be no more messages. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  send(message: Uint8Array, fds: readonly number[] = []): void {
    this.#transport.send(message, fds);
  }

  /** Whether an open channel keeps the process from ending. */
  ref(on: boolean): void {
    this.#transport.ref(on);
  }

  /** The other side sees that nothing more will come; it may still answer. */
  end(): void {
    this.#transport.end();
  }

  close(): void {
    this.#transport.close();
  }

  #receive(chunk: Uint8Array): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (this.#rest.length >= MESSAGE_BYTES) {
      const message = decodeMessage(this.#rest.subarray(0, MESSAGE_BYTES));
      this.#rest = this.#rest.subarray(MESSAGE_BYTES);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#queue.push(message);
    }
  }

  #end(): void {
    if (!this.#ended) this.#onEnd();
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }
}
