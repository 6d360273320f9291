import type { LogLine } from './log-line.ts';

/** Of a line that goes on and on: so much of its end. */
const KEPT_BYTES = 1024 * 1024;

/** A line as far as it has come. */
export interface JoinedLine {
  /** Of one app and stream: the line that is open there, if one is. */
  readonly key: string;
  readonly text: Buffer;
  /** It began earlier, and this is the rest of it, or more. */
  readonly goesOn: boolean;
}

/** Puts together what log files have in parts: what an app writes in several pieces, and lines of more than 16 KiB. */
export class LineJoiner {
  readonly #open = new Map<string, Buffer>();

  join(app: string, { stream, partial, text }: LogLine): JoinedLine {
    const key = `${stream} ${app}`;
    const before = this.#open.get(key);
    const part = Buffer.from(text.buffer, text.byteOffset, text.length);
    const whole = before ? Buffer.concat([before, part]).subarray(-KEPT_BYTES) : part;
    if (partial) this.#open.set(key, whole);
    else this.#open.delete(key);
    return { key, text: whole, goesOn: before !== undefined };
  }
}
