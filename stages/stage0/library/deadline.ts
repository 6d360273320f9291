import { PodError } from '../error.ts';

export interface Limits {
  /** Milliseconds; `Infinity` for no limit. */
  readonly timeoutMs?: number | undefined;
  /** The caller's: when it is aborted, everything that waits rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The reason of a deadline's signal when the time is up. */
export class TimeIsUp extends Error {
  constructor(timeoutMs: number) {
    super(`${timeoutMs} ms have passed`);
  }
}

/** What a timer of Node can count to: 24 days, after which nobody waits any more. */
const LONGEST_MS = 2 ** 31 - 1;

/** A time limit and a caller's signal, as one signal. To be disposed of when the work is done. */
export class Deadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  /** Throws `PodError` for a limit that is none, and the caller's reason when he does not want it any more. */
  constructor({ timeoutMs = Infinity, signal }: Limits) {
    requireTimeout(timeoutMs);
    signal?.throwIfAborted();
    const passed = new AbortController();
    this.#caller = signal;
    this.signal = signal ? AbortSignal.any([passed.signal, signal]) : passed.signal;
    if (timeoutMs <= LONGEST_MS) this.#timer = setTimeout(() => passed.abort(new TimeIsUp(timeoutMs)), timeoutMs);
  }

  /** Nothing went wrong but that the caller has given up. */
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
  throw new PodError('test/options', `wait with timeoutMs ${found}: that is no time`, { hint });
}

/** What `work` comes to, unless the signal is aborted first: then its reason, and the work goes on for others. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  // Whoever else waits for it hears of its failure.
  work.catch(() => undefined);
  signal.throwIfAborted();
  // One of our own: the caller's may be that of many calls, and Node warns of a leak from the eleventh listener on.
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
