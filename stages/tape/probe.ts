/** When a probe is asked, and how many answers in a row count. */
export interface ProbeTimes {
  readonly delayMs: number;
  readonly periodMs: number;
  /** Until it has passed it is asked again so soon, then after a quarter of the time that took; absent: each period. */
  readonly earlyMs?: number;
  readonly timeoutMs: number;
  readonly successes: number;
  readonly failures: number;
}
