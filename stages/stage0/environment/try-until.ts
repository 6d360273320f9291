import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../library/deadline.ts';
import type { Progress } from './condition.ts';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
const SLOW_MS = 100;

/**
 * Polls for what raises no event: often at first, then after pauses of a tenth of the elapsed time. Rejects with the signal's
 * reason.
 */
export async function tryUntil(signal: AbortSignal, test: () => boolean | Promise<boolean>): Promise<void> {
  const begun = performance.now();
  for (;;) {
    signal.throwIfAborted();
    if (await test()) return;
    const pause = (performance.now() - begun) / 10;
    try {
      await sleep(Math.min(Math.max(pause, FIRST_PAUSE_MS), LONGEST_PAUSE_MS), undefined, { signal });
    } catch {
      throw signal.reason;
    }
  }
}

export interface Limit {
  /**
   * Time limit of the first try. Each try that exceeds its limit doubles the next limit, so that slow answers succeed in the end.
   */
  readonly firstMs: number;
  /** The note for a try without a result: `no answer`. */
  readonly nothing: string;
}

/** Polls with a limit on each try, so that one try without an answer does not use up all of the time. */
export function tryWithLimit(
  { signal, note }: Progress,
  { firstMs, nothing }: Limit,
  test: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  let limitMs = firstMs;
  return tryUntil(signal, async () => {
    using limit = new Deadline({ timeoutMs: limitMs, signal });
    const slow = setTimeout(() => note(`${nothing} so far`), SLOW_MS);
    try {
      return await test(limit.signal);
    } catch (error) {
      if (signal.aborted || !limit.signal.aborted) throw error;
      note(`${nothing} within ${limitMs} ms`);
      limitMs *= 2;
      return false;
    } finally {
      clearTimeout(slow);
    }
  });
}
