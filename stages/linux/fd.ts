// close(2)

import { closeSync } from 'node:fs';

/** A descriptor that is closed when its owner is disposed of; `take()` gives the number away for good. */
export class Fd implements Disposable {
  #number: number;

  constructor(number: number) {
    this.#number = number;
  }

  get number(): number {
    if (this.#number < 0) throw new Error('descriptor used after it was closed or given away');
    return this.#number;
  }

  take(): number {
    const number = this.number;
    this.#number = -1;
    return number;
  }

  [Symbol.dispose](): void {
    if (this.#number >= 0) closeSync(this.#number);
    this.#number = -1;
  }
}
