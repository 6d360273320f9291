import { PodError } from '../error.ts';

export interface Limits {
  /** Milliseconds; `Infinity` for no limit. */
  readonly timeoutMs?: number | undefined;
  /** The caller's signal: when it is aborted, every wait rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The abort reason of a deadline's signal when the time limit has passed. */
export class TimeIsUp extends Error {
  constructor(timeoutMs: number) {
    super(`${timeoutMs} ms have passed`);
  }
}

/** The longest timer that Node supports, 24 days; a longer limit never fires. */
const LONGEST_MS = 2 ** 31 - 1;

/** Combines a time limit and a caller's signal into one signal. Dispose of it when the work is done. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  /** Throws `PodError` for an invalid limit, and the signal's reason when the caller has already aborted. */
  constructor({ timeoutMs = Infinity, signal }: Limits) {
    requireTimeout(timeoutMs);
    signal?.throwIfAborted();
    const passed = new AbortController();
    this.#caller = signal;
    this.signal = signal ? AbortSignal.any([passed.signal, signal]) : passed.signal;
    if (timeoutMs <= LONGEST_MS) this.#timer = setTimeout(() => passed.abort(new TimeIsUp(timeoutMs)), timeoutMs);
  }

  /** Throws only when the caller has aborted, not when the time limit has passed. */
  throwIfGivenUp(): void {
    this.#caller?.throwIfAborted();
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

export function requireTimeout(timeoutMs: unknown): void {
  if (typeof timeoutMs === 'number' && timeoutMs > 0) return;
  const found = typeof timeoutMs === 'number' ? timeoutMs : JSON.stringify(timeoutMs);
  const hint = 'a number of milliseconds above 0, or Infinity';
  throw new PodError('test/options', `wait with timeoutMs ${found}: not a valid time`, { hint });
}

/** Settles as `work` does. If the signal is aborted first, rejects with its reason; `work` itself continues for other callers. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  // Other waiters see the failure.
  work.catch(() => undefined);
  signal.throwIfAborted();
  // A separate signal: the caller may share its signal between many calls, and Node warns of a leak at the eleventh listener.
  const own = AbortSignal.any([signal]);
  let giveUp = (): void => undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => reject(own.reason as Error);
  });
  own.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    own.removeEventListener('abort', giveUp);
  }
}
