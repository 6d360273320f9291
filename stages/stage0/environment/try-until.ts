import { setTimeout as sleep } from 'node:timers/promises';
import { Deadline } from '../library/deadline.ts';
import type { Progress } from './condition.ts';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;
const SLOW_MS = 100;

/** For what raises no event: tries often at first, then after a tenth of the time that has passed. Rejects with the signal's reason. */
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
  /** Of the first try; after one that was given up the next has twice as long, so that what is slow comes through. */
  readonly firstMs: number;
  /** What is to be said of a try that came to nothing: `no answer`. */
  readonly nothing: string;
}

/** For what may never answer: one try does not use up the time of all. */
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
