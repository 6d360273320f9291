import { appendFileSync, writeFileSync } from 'node:fs';
import { parseLines, parseObject, readIfThere } from './files.ts';
import { isoTime } from './iso-time.ts';
import { readJournal } from './journal.ts';
import { POD_FILES } from './layout.ts';

/** What became of a try; `number` is an errno, the timeout in ms, an HTTP status, an exit code or a signal. */
export type ProbeOutcome = 'ok' | 'errno' | 'timeout' | 'status' | 'answer' | 'refused' | 'closed' | 'exit' | 'signal';

export type ProbeEvent = {
  readonly e: 'probe';
  readonly app: string;
  readonly probe: 'start' | 'ready' | 'live';
  readonly outcome: ProbeOutcome;
  readonly number: number;
  readonly passed: number;
  /** Whether the app is ready from then on. */
  readonly ready: number;
  /** The beginning of what a command wrote. */
  readonly text?: string;
};

/** `key` as `pod update --set` takes it. */
export interface PodChange {
  readonly key: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** One line of the journal that init and the monitor write. `t` is milliseconds since the epoch, with a fraction. */
export type PodEvent = { readonly t: number } & (
  | { readonly e: 'pod-started' | 'stopping' | 'pod-paused' | 'pod-resumed' }
  /** Somebody gave the running pod other limits: `from` and `to` as a manifest has them, null for none. */
  | { readonly e: 'pod-updated'; readonly changes: readonly PodChange[] }
  /** `pid` is the one inside the pod. */
  | { readonly e: 'app-started'; readonly app: string; readonly pid: number; readonly ready?: number }
  /** It will never run: the pod was stopped first, or what it waits for cannot come true any more: that app is `because`. */
  | { readonly e: 'app-skipped'; readonly app: string; readonly because?: string }
  /** Somebody asked for a new start of it. */
  | { readonly e: 'app-restarting'; readonly app: string }
  /** It has ended, and is started again, as somebody asked, when what it waits for is there. */
  | { readonly e: 'app-waiting'; readonly app: string }
  /** It is started again in so many milliseconds. */
  | { readonly e: 'app-backoff'; readonly app: string; readonly ms: number; readonly failures: number }
  /** It has ended once more than it may be started again. */
  | { readonly e: 'app-given-up'; readonly app: string; readonly failures: number }
  | {
      readonly e: 'app-exited';
      readonly app: string;
      readonly code: number;
      readonly signal: number;
      readonly oom: number;
      /** A probe found it so, and it was stopped for that. */
      readonly unhealthy?: number;
    }
  /** `errno`: why the command never ran; `late`: it took longer than it may, and was killed. */
  | {
      readonly e: 'hook-failed';
      readonly app: string;
      readonly hook: string;
      readonly code: number;
      readonly signal: number;
      readonly late: number;
      readonly errno: number;
    }
  /** A call of the app's start tape failed. `code` is what the pod exits with for it: 125, 126 or 127. */
  | {
      readonly e: 'app-failed';
      readonly app: string;
      readonly tape: number;
      readonly op: number;
      readonly errno: number;
      readonly code?: number;
    }
  /** The probe passes or does not, with the try that decided it; while it does not, also when the reason is another. */
  | ProbeEvent
  | { readonly e: 'log-dropped'; readonly app: string; readonly lines: number; readonly bytes: number }
  /** The journal was shortened. So many lines after this one are copies of earlier ones; counted before them: starts, output dropped. */
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

/** The pod's last word: how init ended, from init itself and then from the monitor. */
export interface FinalStatus {
  readonly t: number;
  readonly code: number;
  readonly signal: number;
}

/** stage1 overwrites the line in place, so that a full disk cannot lose it. Behind it each app has a place of its own. */
export const FINAL_BYTES = 512;

/**
 * What the journal says of how the pod and its apps are, oldest first; of those it was shortened for, from what was said again then.
 * Lines of kinds we do not know are kept: a newer init may write them.
 */
export function readEvents(podPath: string): PodEvent[] {
  const text = readJournal(podPath);
  return text === undefined ? [] : sinceCarried(parseEvents(text));
}

/** What happened, oldest first, nothing of it twice. */
export function readHistory(podPath: string): PodEvent[] {
  const text = readJournal(podPath);
  return text === undefined ? [] : new CopySkipper().skip(parseEvents(text));
}

/** Leaves out what was said again, of lines that come in pieces. */
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

/** Only the last whole block of an app and what came after it: what it holds is older than what is before it. */
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

/** Whole at once, so that it stands between two lines of init's, which goes on meanwhile or is paused. */
export function appendEvent(podPath: string, event: PodEvent): void {
  appendFileSync(`${podPath}/${POD_FILES.events}`, `${JSON.stringify(event)}\n`);
}

/** Makes the file stage1 will overwrite. */
export function writeEmptyFinal(podPath: string): void {
  writeFileSync(`${podPath}/${POD_FILES.final}`, `${'{}'.padEnd(FINAL_BYTES - 1)}\n`, { mode: 0o600 });
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
