import type { Reply } from './connection.ts';

/** Longest that is waited before a further attempt, in milliseconds. */
export const LONGEST_PAUSE_MS = 30_000;

export function isBusy({ status }: Reply): boolean {
  return status === 429 || status >= 500;
}

/** An answer that asks for patience. */
export class BusyServer extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`busy: ${reply.status}`);
    this.reply = reply;
  }

  /** Milliseconds before it may be asked again; undefined when it does not say. */
  get waitMs(): number | undefined {
    return retryAfterMs(this.reply);
  }

  /** So long that the person who waits should decide. */
  get isForLong(): boolean {
    return (this.waitMs ?? 0) > LONGEST_PAUSE_MS;
  }
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3: seconds, or a date. */
export function retryAfterMs({ headers }: Pick<Reply, 'headers'>, nowMs: number = Date.now()): number | undefined {
  const text = headers['retry-after']?.trim() ?? '';
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) ? Math.max(ms, 0) : undefined;
}
