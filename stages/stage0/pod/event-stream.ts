import { type FSWatcher, watch } from 'node:fs';
import { EventTail, type StreamEvent } from './event-tail.ts';
import { podsDir } from './layout.ts';
import { ensureLayout, type PodDir, type PodStore } from './store.ts';

export interface EventOfPod {
  readonly uuid: string;
  readonly name: string | null;
  readonly event: StreamEvent;
}

export interface EventStreamOptions {
  /** Absent: every pod, including later ones. */
  readonly uuid?: string | undefined;
  /** Milliseconds since the epoch: earlier events are left out. */
  readonly sinceMs?: number | undefined;
  /** Receives the events since the last call, in order of time. */
  readonly sink: (events: readonly EventOfPod[]) => void;
}

/** The polling interval where no watch is available (the kernel limits their number). */
const POLL_MS = 500;
/** A pod in `prepare` does not count as a pod yet. */
const SHOWN = ['prepared', 'run', 'exited', 'garbage'] as const;

/** The journals of all pods, or of one pod, merged by time. */
export class EventStream implements Disposable {
  readonly #store: PodStore;
  readonly #options: EventStreamOptions;
  readonly #tails = new Map<string, EventTail>();
  readonly #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #settle: ((error?: unknown) => void) | undefined;

  constructor(store: PodStore, options: EventStreamOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Delivers what has happened since the last call. */
  read(): void {
    const found: EventOfPod[] = [];
    const pods = new Map(this.#listPods().map((pod) => [pod.uuid, pod]));
    for (const uuid of pods.keys()) if (!this.#tails.has(uuid)) this.#tails.set(uuid, new EventTail(uuid));
    for (const [uuid, tail] of this.#tails) {
      const pod = pods.get(uuid);
      // Events written before the watch exists raise no notification, so they are read after it is set up.
      if (pod && this.#settle && !tail.watch(pod, this.#look)) this.#poll();
      const events = tail.read(pod);
      if (!pod) events.push(this.#drop(tail));
      found.push(...events.map((event) => ({ uuid, name: tail.name, event })));
    }
    const { sinceMs = 0, sink } = this.#options;
    const wanted = found.filter(({ event }) => event.t >= sinceMs);
    if (wanted.length > 0) sink(wanted.toSorted((a, b) => a.event.t - b.event.t));
  }

  /** Delivers events as they come. Resolves when the single requested pod has been removed; rejects when the sink throws. */
  async follow(): Promise<void> {
    ensureLayout(this.#store.root);
    await new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error as Error));
      for (const state of SHOWN) this.#watch(podsDir(this.#store.root, state));
      this.#look();
    });
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers) watcher.close();
    for (const tail of this.#tails.values()) tail[Symbol.dispose]();
    clearInterval(this.#timer);
  }

  readonly #look = (): void => {
    try {
      this.read();
      if (this.#options.uuid !== undefined && this.#tails.size === 0) this.#settle?.();
    } catch (error) {
      this.#settle?.(error);
    }
  };

  #listPods(): PodDir[] {
    const { uuid } = this.#options;
    if (uuid === undefined) return this.#store.list(SHOWN);
    const pod = this.#store.locate(uuid);
    return pod ? [pod] : [];
  }

  #drop(tail: EventTail): StreamEvent {
    tail[Symbol.dispose]();
    this.#tails.delete(tail.uuid);
    return { t: Date.now(), e: 'pod-removed' };
  }

  #watch(path: string): void {
    try {
      const watcher = watch(path, this.#look);
      watcher.on('error', () => this.#poll());
      this.#watchers.push(watcher);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
      this.#poll();
    }
  }

  #poll(): void {
    this.#timer ??= setInterval(this.#look, POLL_MS);
  }
}
