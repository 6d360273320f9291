import type { ExecResult, ExecSettings } from '../library/pod.ts';
import type { Limits } from '../library/deadline.ts';
import type { PodStatus } from '../pod/status.ts';
import type { PodStore } from '../pod/store.ts';

/** What a condition may query about a pod. */
export interface WaitedPod {
  readonly name: string;
  readonly uuid: string;
  readonly store: PodStore;
  readonly apps: readonly string[];
  readonly ip: string;
  readonly initPid: () => number;
  readonly status: () => PodStatus | undefined;
  readonly exec: (argv: readonly string[], settings?: ExecSettings) => Promise<ExecResult>;
}

/** Something to wait for in a pod. Made by the functions in `conditions.ts`. */
export interface Condition {
  /** Completes "wait for": `pod "db" to have port 5432 open`. */
  readonly text: string;
  /** Resolves when the condition holds. Rejects with the signal's reason when aborted, or when the condition can no longer hold. */
  readonly watch: (pod: WaitedPod, progress: Progress) => Promise<void>;
}

/** One condition for every pod, or a condition for each named pod. */
export type Until = Condition | Readonly<Record<string, Condition>>;

export interface Progress {
  readonly signal: AbortSignal;
  /** Records the result of the last try, for the error message when the wait fails. */
  readonly note: (result: string) => void;
}

/** `timeoutMs` absent: the environment's own limit. */
export type WaitSettings = Limits;

export const DEFAULT_TIMEOUT_MS = 60_000;
