/** When a probe is asked, and how many answers in a row count. */
export interface ProbeTimes {
  readonly delayMs: number;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly successes: number;
  readonly failures: number;
}
