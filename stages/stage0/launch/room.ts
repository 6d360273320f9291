import { PodError } from '../error.ts';

/** Init has no place left for one more client or command. Nothing was done, so the request may be made again. */
export class NoRoom extends PodError {}

/** How long a request waits for a place. */
const LIMIT_MS = 10_000;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;

export interface Waiting {
  readonly signal?: AbortSignal | undefined;
  readonly limitMs?: number;
}

/**
 * Makes a request of init, and makes it again while init has no room. A place is free as soon as some command ends. Throws `NoRoom`
 * when the time is over, and the signal's reason when the caller gives up.
 */
export async function untilRoom<T>(
  request: () => Promise<T>,
  { signal, limitMs = LIMIT_MS }: Waiting = {},
): Promise<T> {
  const deadlineMs = performance.now() + limitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof NoRoom) || performance.now() + pauseMs > deadlineMs) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    signal?.throwIfAborted();
  }
}
