import type { LogLine } from './log-line.ts';

/** The most that is kept of an endless line: its last bytes. */
const KEPT_BYTES = 1024 * 1024;

/** A line, as far as it has been written. */
export interface JoinedLine {
  /** Identifies the open line of one app and stream. */
  readonly key: string;
  readonly text: Buffer;
  /** True when the line began earlier and this is a continuation of it. */
  readonly goesOn: boolean;
}

/** Joins what log files store in parts: lines that an app writes in several pieces, and lines of more than 16 KiB. */
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
