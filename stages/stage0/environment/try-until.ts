import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_PAUSE_MS = 2;
const LONGEST_PAUSE_MS = 100;

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
