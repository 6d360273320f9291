import type { LogLine } from './log-line.ts';
import type { LogTail } from './log-tail.ts';

export type LogSink = (app: string, line: LogLine) => void;

interface Head {
  readonly tail: LogTail;
  line: LogLine | undefined;
}

/** Merges the lines of several logs by time, as far as they have been written. */
export class LogMerge {
  readonly #heads: Head[];

  constructor(tails: readonly LogTail[]) {
    this.#heads = tails.map((tail) => ({ tail, line: undefined }));
  }

  /** Delivers what is there now, at most `limit` lines. Returns true when there may be more. */
  pump(sink: LogSink, limit: number = Number.POSITIVE_INFINITY): boolean {
    if (this.#heads.length === 1) return drain(this.#heads[0]!.tail, sink, limit);
    for (const head of this.#heads) head.line ??= head.tail.next();
    for (let count = 0; count < limit; count++) {
      const first = earliest(this.#heads);
      if (!first?.line) return false;
      sink(first.tail.app, first.line);
      // The rest of a long line stays with its beginning, whatever other apps wrote in between.
      const isOpen = first.line.partial;
      first.line = first.tail.next();
      if (isOpen) this.#finishLine(first, sink);
    }
    return true;
  }

  /** After the pod's end: delivers a last line that a crash left without a line feed. */
  takeTorn(sink: LogSink): void {
    for (const { tail } of this.#heads) {
      const line = tail.takeTorn();
      if (line) sink(tail.app, line);
    }
  }

  #finishLine(head: Head, sink: LogSink): void {
    while (head.line) {
      const { partial } = head.line;
      sink(head.tail.app, head.line);
      head.line = head.tail.next();
      if (!partial) return;
    }
  }
}

function drain(tail: LogTail, sink: LogSink, limit: number): boolean {
  for (let count = 0; count < limit; count++) {
    const line = tail.next();
    if (!line) return false;
    sink(tail.app, line);
  }
  return true;
}

function earliest(heads: readonly Head[]): Head | undefined {
  let first: Head | undefined;
  for (const head of heads) {
    if (head.line && (!first?.line || head.line.time < first.line.time)) first = head;
  }
  return first;
}
