import type { ExecResult, ExecSettings } from '../library/pod.ts';
import type { Limits } from '../library/deadline.ts';
import type { PodStatus } from '../pod/status.ts';
import type { PodStore } from '../pod/store.ts';

/** What a condition may ask of a pod. */
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

/** Something to wait for in a pod; made by the functions of `conditions.ts`. */
export interface Condition {
  /** After "wait for": `pod "db" to have port 5432 open`. */
  readonly text: string;
  /** Resolves when it holds; rejects with the signal's reason, or when it cannot hold any more. */
  readonly watch: (pod: WaitedPod, progress: Progress) => Promise<void>;
}

/** For every pod, or for each of those that are named. */
export type Until = Condition | Readonly<Record<string, Condition>>;

export interface Progress {
  readonly signal: AbortSignal;
  /** What the last try came to, for whoever has waited in vain. */
  readonly note: (result: string) => void;
}

/** `timeoutMs` absent: the environment's own. */
export type WaitSettings = Limits;

export const DEFAULT_TIMEOUT_MS = 60_000;
