import { closeSync, type FSWatcher, watch } from 'node:fs';
import { CopySkipper, readFinal, type PodEvent, parseEvents } from './events.ts';
import { openJournal, readFrom } from './journal.ts';
import { readRecord } from './record.ts';
import { isStillThere, type PodStatus, StatusReader } from './status.ts';
import type { PodDir } from './store.ts';

/** A line of a pod's journal, or an event derived from where the pod's directory is. */
export type StreamEvent =
  | PodEvent
  | { readonly t: number; readonly e: 'pod-exited'; readonly code: number | null }
  | { readonly t: number; readonly e: 'pod-died'; readonly death: PodStatus['death'] }
  | { readonly t: number; readonly e: 'pod-removed' };

/**
 * Reads the journal of one pod as it grows. The journal stays open, so that it can be read to its end even after the pod is
 * removed.
 */
export class EventTail implements Disposable {
  readonly uuid: string;
  #name: string | undefined;
  #fd = -1;
  #position = 0;
  readonly #copies = new CopySkipper();
  /** Time of the journal's last line. */
  #lastMs = 0;
  #rest = Buffer.alloc(0);
  #hasEnded = false;
  #watcher: FSWatcher | undefined;

  constructor(uuid: string) {
    this.uuid = uuid;
  }

  /** Null when the pod died before it had a name. */
  get name(): string | null {
    return this.#name ?? null;
  }

  /** Events since the last call. `pod` is the pod's current directory, undefined when it is gone. */
  read(pod: PodDir | undefined): StreamEvent[] {
    if (pod) this.#open(pod);
    const events: StreamEvent[] = this.#readJournal();
    if (pod && !this.#hasEnded) events.push(...this.#readEnd(pod));
    return events;
  }

  /** Returns false when no watch is available. The watch is on the directory's inode, so it follows moves. */
  watch(pod: PodDir, look: () => void): boolean {
    if (this.#watcher || this.#hasEnded) return true;
    try {
      this.#watcher = watch(pod.path, look);
      this.#watcher.on('error', () => this.#watcher?.close());
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // The pod is being moved; the caller will hear of its new place.
      if (code === 'ENOENT') return true;
      if (code === 'ENOSPC' || code === 'EMFILE') return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }

  #open({ path }: PodDir): void {
    this.#name ??= readRecord(path)?.name;
    if (this.#fd !== -1 || this.#hasEnded) return;
    const journal = openJournal(path);
    // The journal does not exist yet, or the pod was moved meanwhile.
    if (!journal) return;
    this.#fd = journal.fd;
    this.#position = journal.start;
  }

  #readJournal(): PodEvent[] {
    if (this.#fd === -1) return [];
    const fresh = readFrom(this.#fd, this.#position);
    this.#position += fresh.length;
    const text = Buffer.concat([this.#rest, fresh]);
    // Only text up to the last line feed consists of whole lines.
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.subarray(end);
    const events = this.#copies.skip(parseEvents(text.toString('utf8', 0, end)));
    this.#lastMs = events.at(-1)?.t ?? this.#lastMs;
    return events;
  }

  #readEnd(pod: PodDir): StreamEvent[] {
    const final = readFinal(pod.path);
    if (!final && pod.state !== 'exited' && pod.state !== 'garbage') return [];
    const { exitCode, death } = new StatusReader(false).read({ ...pod, state: 'exited' });
    // The pod was moved: it is read again at its new place, of which the watcher is notified.
    if (!isStillThere(pod)) return [];
    // The monitor writes its final record before it moves the pod, so nothing follows.
    const last = this.#readJournal();
    this.#hasEnded = true;
    this.#watcher?.close();
    // The final record has whole milliseconds, so the journal's last lines may be later by a fraction.
    const t = Math.max(final?.t ?? Date.now(), this.#lastMs);
    return [...last, death === null ? { t, e: 'pod-exited', code: exitCode } : { t, e: 'pod-died', death }];
  }
}
