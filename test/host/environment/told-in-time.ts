import assert from 'node:assert/strict';
import { PodError } from '../../../stages/stage0/test.ts';

const LONGEST_MS = 20_000;

/** Whether it is an error of this code whose message has all of these parts; throws when it is not. */
export function failure(code: string, ...parts: (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof PodError, String(error));
    assert.equal(error.code, code, error.message);
    for (const part of parts) assert.match(error.message, typeof part === 'string' ? new RegExp(part) : part);
    return true;
  };
}

/**
 * A wait whose time is over tells what it has come to by then. How long it takes to come to that is the machine's affair: with a limit
 * that was too short for it, there is another wait of twice as long.
 */
export async function toldInTime(
  firstMs: number,
  wait: (timeoutMs: number) => Promise<unknown>,
  ...parts: (string | RegExp)[]
): Promise<void> {
  for (let timeoutMs = firstMs; ; timeoutMs *= 2) {
    try {
      return await assert.rejects(wait(timeoutMs), failure('pod/timeout', `${timeoutMs} ms`, ...parts));
    } catch (error) {
      if (timeoutMs > LONGEST_MS || !(error instanceof assert.AssertionError)) throw error;
    }
  }
}
