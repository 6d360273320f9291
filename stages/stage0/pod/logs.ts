import { closeSync, constants, type FSWatcher, openSync, watch } from 'node:fs';
import { POD_FILES } from './layout.ts';
import type { Span } from './instances.ts';
import type { LogLine } from './log-line.ts';
import { LogMerge, type LogSink } from './log-merge.ts';
import { LogTail } from './log-tail.ts';

export interface LogOptions {
  readonly apps: readonly string[];
  readonly sink: LogSink;
  /** Called after a batch of lines, so that a sink may collect them. */
  readonly onBatch?: () => void;
  /** RFC 3339 with nanoseconds, UTC: older lines are left out. */
  readonly since?: string | undefined;
  /** Only the last so many of the lines already there, all apps together. */
  readonly tail?: number | undefined;
  /** Of each app only what it wrote in that time. */
  readonly spans?: ReadonlyMap<string, Span> | undefined;
}

/** Where a watch cannot be had (the kernel bounds them), looking this often must do. */
const POLL_MS = 100;

/** A few milliseconds' worth. */
const BATCH_LINES = 5000;

/**
 * Hands the lines of a pod's apps to a sink, from the oldest on. It holds the pod's log directory by descriptor, so the pod may
 * move from `run` to `exited` meanwhile.
 */
export class LogFollower implements Disposable {
  readonly #options: LogOptions;
  readonly #sink: LogSink;
  readonly #dirFd: number;
  readonly #dir: string;
  readonly #tails: readonly LogTail[];
  readonly #merge: LogMerge;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #next: NodeJS.Immediate | undefined;
  #isOpen = true;
  #fail: (reason: unknown) => void = () => undefined;

  /** Rejects with what the sink or a read threw while following; never resolves. */
  readonly failure: Promise<never> = new Promise((_, reject) => {
    this.#fail = reject;
  });

  constructor(podPath: string, options: LogOptions) {
    this.#options = options;
    this.#dirFd = openSync(
      `${podPath}/${POD_FILES.logs}`,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    this.#dir = `/proc/self/fd/${this.#dirFd}`;
    this.#tails = options.apps.map((app) => new LogTail(this.#dir, app));
    this.#merge = new LogMerge(this.#tails);
    this.#sink = sinkOf(options);
    // Whoever does not race with it learns of the failure from `finish`, which meets it again.
    this.failure.catch(() => undefined);
  }

  /** Shows what was written before now, the last `tail` lines of it if that was asked for. */
  readExisting(): void {
    const { tail, spans } = this.#options;
    if (tail === undefined) return this.#readUntil(nowAsTime(), this.#sink);
    // The last lines of a span may be anywhere.
    for (const one of spans ? [] : this.#tails) one.seekToLast(tail);
    let last: Parameters<LogSink>[] = [];
    this.#readUntil(nowAsTime(), (app, line) => {
      if (!isWithin(spans?.get(app), line)) return;
      last.push([app, line]);
      if (last.length > 2 * tail + BATCH_LINES) last = last.slice(-tail);
    });
    for (const [app, line] of tail === 0 ? [] : last.slice(-tail)) this.#sink(app, line);
    this.#options.onBatch?.();
  }

  /** An app that writes faster than we read would keep us for ever: lines from after `until` end it. */
  #readUntil(until: string, sink: LogSink): void {
    let latest = '';
    const watched: LogSink = (app, line) => {
      latest = line.time;
      sink(app, line);
    };
    let hasMore = true;
    while (hasMore) {
      hasMore = this.#merge.pump(watched, BATCH_LINES) && latest <= until;
      this.#options.onBatch?.();
    }
  }

  /** Delivers from now on, as lines come. */
  follow(): void {
    try {
      this.#watcher = watch(this.#dir, () => this.#pumpLater());
      this.#watcher.on('error', () => this.#poll());
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
      this.#poll();
    }
    // What was written before the watch was there raised no event.
    this.#pumpLater();
  }

  /** After the pod's end: delivers the rest and lets go. */
  finish(): void {
    this.#merge.pump(this.#sink);
    this.#merge.takeTorn(this.#sink);
    this.#options.onBatch?.();
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#watcher?.close();
    clearInterval(this.#timer);
    clearImmediate(this.#next);
    for (const tail of this.#tails) tail[Symbol.dispose]();
    closeSync(this.#dirFd);
  }

  #poll(): void {
    this.#timer ??= setInterval(() => this.#pumpLater(), POLL_MS);
  }

  /** One batch, then the turn of whatever else waits: signals, the end of the pod. */
  #pumpLater(): void {
    if (!this.#isOpen) return;
    try {
      const hasMore = this.#merge.pump(this.#sink, BATCH_LINES);
      this.#options.onBatch?.();
      if (hasMore)
        this.#next ??= setImmediate(() => {
          this.#next = undefined;
          this.#pumpLater();
        });
    } catch (error) {
      this.#watcher?.close();
      clearInterval(this.#timer);
      this.#fail(error);
    }
  }
}

function sinkOf({ since, spans, sink }: LogOptions): LogSink {
  if (since === undefined && !spans) return sink;
  return (app, line) => {
    if ((since === undefined || line.time >= since) && isWithin(spans?.get(app), line)) sink(app, line);
  };
}

function isWithin(span: Span | undefined, { time }: LogLine): boolean {
  return !span || (time >= span.from && (span.until === undefined || time < span.until));
}

/** As log lines have it, so that it compares with theirs. */
function nowAsTime(): string {
  return new Date().toISOString().replace('Z', '999999Z');
}
