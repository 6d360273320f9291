import { appendFileSync } from 'node:fs';
import { parseLines, parseObject, readIfThere } from './files.ts';
import { isoTime } from './iso-time.ts';
import { readJournal } from './journal.ts';
import { POD_FILES } from './layout.ts';
import type { ProbeOutcome } from './outcome.ts';

export type ProbeEvent = {
  readonly e: 'probe';
  readonly app: string;
  readonly probe: 'start' | 'ready' | 'live';
  readonly outcome: ProbeOutcome;
  /** What it means depends on the outcome. */
  readonly number: number;
  readonly passed: number;
  /** Whether the app is ready after this event. */
  readonly ready: number;
  /** The beginning of a command's output. */
  readonly text?: string;
};

/** `key` is a key of `pod update --set`. */
export interface PodChange {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** One line of the journal that init and the monitor write. `t` is milliseconds since the epoch, with a fraction. */
export type PodEvent = { readonly t: number } & (
  | { readonly e: 'pod-started' | 'stopping' | 'pod-paused' | 'pod-resumed' }
  /** The limits of the running pod were changed. `from` and `to` have the manifest's format; null for no limit. */
  | { readonly e: 'pod-updated'; readonly changes: readonly PodChange[] }
  /** `pid` is the pid inside the pod. */
  | { readonly e: 'app-started'; readonly app: string; readonly pid: number; readonly ready?: number }
  /**
   * The app will never run: the pod was stopped first, or the app's dependency can no longer be met because of the app `because`.
   */
  | { readonly e: 'app-skipped'; readonly app: string; readonly because?: string }
  /** A restart was requested. */
  | { readonly e: 'app-restarting'; readonly app: string }
  /** The app has ended, and will start again, as requested, once its dependencies are met. */
  | { readonly e: 'app-waiting'; readonly app: string }
  /** The app will start again in `ms` milliseconds. */
  | { readonly e: 'app-backoff'; readonly app: string; readonly ms: number; readonly failures: number }
  /** The app has ended, and has used up its restarts. */
  | { readonly e: 'app-given-up'; readonly app: string; readonly failures: number }
  | {
      readonly e: 'app-exited';
      readonly app: string;
      readonly code: number;
      readonly signal: number;
      readonly oom: number;
      /** A probe failed, and the app was stopped because of it. */
      readonly unhealthy?: number;
    }
  /** `errno`: why the command never ran; `late`: the command exceeded its time limit and was killed. */
  | {
      readonly e: 'hook-failed';
      readonly app: string;
      readonly hook: string;
      readonly code: number;
      readonly signal: number;
      readonly late: number;
      readonly errno: number;
    }
  /** A call of the app's start tape failed. `code` is the pod's exit code for it: 125, 126 or 127. */
  | {
      readonly e: 'app-failed';
      readonly app: string;
      readonly tape: number;
      readonly op: number;
      readonly errno: number;
      readonly code?: number;
    }
  /**
   * The probe's state changed; includes the try that decided it. Also written when a failing probe fails for a different reason.
   */
  | ProbeEvent
  | { readonly e: 'log-dropped'; readonly app: string; readonly lines: number; readonly bytes: number }
  /**
   * The journal was shortened. The next `copies` lines repeat earlier ones. The other numbers count what was before them: starts
   * and dropped output.
   */
  | {
      readonly e: 'carried';
      readonly app: string;
      readonly copies: number;
      readonly starts: number;
      readonly lines: number;
      readonly bytes: number;
    }
  | { readonly e: 'carried-pod'; readonly copies: number }
);

/** The pod's final record: how init ended. Written by init itself, then by the monitor. */
export interface FinalStatus {
  readonly t: number;
  readonly code: number;
  readonly signal: number;
}

/** stage1 overwrites this line in place, so that a full disk cannot lose it. It is followed by a record for each app. */
export const FINAL_BYTES = 512;

/**
 * The events that determine the state of the pod and its apps, oldest first. For apps whose lines were carried over when the
 * journal was shortened, starts with the copies. Lines of unknown kinds are kept: a newer init may write them.
 */
export function readEvents(podPath: string): PodEvent[] {
  const text = readJournal(podPath);
  return text === undefined ? [] : sinceCarried(parseEvents(text));
}

/** The history of events, oldest first, without the copies. */
export function readHistory(podPath: string): PodEvent[] {
  const text = readJournal(podPath);
  return text === undefined ? [] : new CopySkipper().skip(parseEvents(text));
}

/** Filters out copied lines, from lines that arrive in batches. */
export class CopySkipper {
  #copies = 0;

  skip(events: readonly PodEvent[]): PodEvent[] {
    return events.filter((event) => {
      const isMark = event.e === 'carried' || event.e === 'carried-pod';
      if (isMark) this.#copies = event.copies;
      else if (this.#copies > 0) this.#copies--;
      else return true;
      return false;
    });
  }
}

/** Keeps each app's last complete block of copies and what follows it: the copies repeat lines that are before the block. */
function sinceCarried(events: PodEvent[]): PodEvent[] {
  const begins = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    if (event.e !== 'carried' && event.e !== 'carried-pod') continue;
    if (index + event.copies < events.length) begins.set(subjectOf(event), index);
  }
  return begins.size === 0 ? events : events.filter((event, index) => index >= (begins.get(subjectOf(event)) ?? 0));
}

function subjectOf(event: PodEvent): string {
  return 'app' in event ? event.app : '';
}

export function parseEvents(text: string): PodEvent[] {
  return parseLines(text).filter(isEvent);
}

function isEvent(line: object): line is PodEvent {
  const { t, e } = line as { t?: unknown; e?: unknown };
  return isInstant(t) && typeof e === 'string';
}

/** A single write, so that the line is placed between two lines of init, which may be running or paused. */
export function appendEvent(podPath: string, event: PodEvent): void {
  appendFileSync(`${podPath}/${POD_FILES.events}`, `${JSON.stringify(event)}\n`);
}

/** Undefined until it was written. */
export function readFinal(podPath: string): FinalStatus | undefined {
  return parseFinal(readIfThere(`${podPath}/${POD_FILES.final}`));
}

export function parseFinal(text: string | undefined): FinalStatus | undefined {
  const object = text === undefined ? undefined : parseObject(text.slice(0, FINAL_BYTES).replace(/\0+$/, ''));
  if (!object) return undefined;
  const { t, code, signal } = object;
  if (!isInstant(t) || typeof code !== 'number' || typeof signal !== 'number') return undefined;
  return { t, code, signal };
}

/** Within what a Date can hold. */
function isInstant(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 8.64e15;
}

/** RFC 3339 in UTC. */
export function toTime(ms: number): string {
  return isoTime(ms);
}
