/** When a probe runs, and how many results in a row count. */
export interface ProbeTimes {
  readonly delayMs: number;
  readonly periodMs: number;
  /** Until the first success: the interval is this or a quarter of the elapsed time, whichever is longer. Absent: the period applies. */
  readonly earlyMs?: number;
  readonly timeoutMs: number;
  readonly successes: number;
  readonly failures: number;
}
