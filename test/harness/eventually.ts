import { setTimeout as delay } from 'node:timers/promises';

const PAUSE_MS = 50;

/**
 * Tries until it works or the time is over, and then throws the last failure. For servers that say nothing when they begin to
 * listen; everything of pod's own has an event to wait for.
 */
export async function eventually<T>(attempt: () => Promise<T>, limitMs = 20_000): Promise<T> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() >= deadlineMs) throw error;
    }
    await delay(PAUSE_MS);
  }
}
