import { closeSync, constants, type FSWatcher, openSync, watch } from 'node:fs';
import { POD_FILES } from './layout.ts';
import type { Span } from './instances.ts';
import type { LogLine } from './log-line.ts';
import { LogMerge, type LogSink } from './log-merge.ts';
import { LogTail } from './log-tail.ts';

export interface LogOptions {
  readonly apps: readonly string[];
  readonly sink: LogSink;
  /** Called after each batch of lines, so that a sink can buffer them. */
  readonly onBatch?: () => void;
  /** RFC 3339 with nanoseconds, UTC: older lines are left out. */
  readonly since?: string | undefined;
  /** Only this many of the existing lines, from the end, for all apps together. */
  readonly tail?: number | undefined;
  /** For each app, only what it wrote in this time span. */
  readonly spans?: ReadonlyMap<string, Span> | undefined;
}

/** The polling interval where no watch is available (the kernel limits their number). */
const POLL_MS = 100;

/** Takes a few milliseconds. */
const BATCH_LINES = 5000;

/**
 * Delivers the lines of a pod's apps to a sink, oldest first. Holds the pod's log directory by descriptor, so that the pod may move
 * from `run` to `exited` meanwhile.
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

  /** Rejects with an error that the sink or a read threw while following; never resolves. */
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
    // A caller that does not use `failure` sees the error in `finish`, where it occurs again.
    this.failure.catch(() => undefined);
  }

  /** Delivers what has been written so far, or the last `tail` lines of it. */
  readExisting(): void {
    const { tail, spans } = this.#options;
    if (tail === undefined) return this.#readUntil(nowAsTime(), this.#sink);
    // The last lines of a span may be anywhere in the log.
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

  /** Stops at lines later than `until`: an app that writes faster than we read would otherwise keep us here forever. */
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

  /** Starts to deliver lines as they are written. */
  follow(): void {
    try {
      this.#watcher = watch(this.#dir, () => this.#pumpLater());
      this.#watcher.on('error', () => this.#poll());
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
      this.#poll();
    }
    // Lines written before the watch existed raised no event.
    this.#pumpLater();
  }

  /** After the pod's end: delivers the rest and closes everything. */
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

  /** Delivers one batch, then lets the event loop handle signals or the end of the pod. */
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

/** In the format of log lines, for comparisons with them. */
function nowAsTime(): string {
  return new Date().toISOString().replace('Z', '999999Z');
}
