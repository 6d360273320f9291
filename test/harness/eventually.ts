import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 50;

/**
 * Tries until it works or the time is over, and then throws the last failure. For servers that say nothing when they begin to
 * listen; everything of pod's own has an event to wait for.
 */
export async function eventually<T>(attempt: () => Promise<T>, limitMs = 60_000): Promise<T> {
  // A clock that nobody sets: the limit is for what hangs, and not for a machine that is slow.
  const deadlineMs = performance.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() >= deadlineMs) throw error;
    }
    await delay(PAUSE_MS);
  }
}
