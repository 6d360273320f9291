import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { after, before } from 'node:test';
import { findOtherPods } from './other-pods.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** The kernel takes down namespaces and links after the last process, in its own time and without telling anybody: on a busy machine seconds later. */
const SETTLE_MS = 60_000;
const CHECK_EVERY_MS = 20;

/** For test files that change the machine without a state directory; with one, `useTempRoot` does this. */
export function expectNoLeaks(): void {
  let atStart: Snapshot | undefined;
  before(() => {
    atStart = takeSnapshot();
  });
  after(async () => {
    assert.ok(atStart);
    await assertNothingLeft(atStart);
  });
}

/**
 * What is there now and was not at the time of `earlier`, by kind; waits a bounded time for it to go. With `root`, running pods of
 * other state directories do not count.
 */
export async function assertNothingLeft(earlier: Snapshot, root?: string): Promise<void> {
  const deadlineMs = performance.now() + SETTLE_MS;
  let left = leftSince(earlier, root);
  while (Object.keys(left).length > 0 && performance.now() < deadlineMs) {
    await delay(CHECK_EVERY_MS);
    left = leftSince(earlier, root);
  }
  assert.deepEqual(left, {}, 'left behind');
}

function leftSince(earlier: Snapshot, root: string | undefined): Record<string, string[]> {
  const now = takeSnapshot();
  const kinds = Object.keys(now) as (keyof Snapshot)[];
  const left = kinds.map((kind) => [kind, subtract(now[kind], earlier[kind])] as const);
  const isSuspect = left.some(([, names]) => names.length > 0);
  const others = isSuspect && root !== undefined ? findOtherPods(root) : [];
  const isOurs = (name: string): boolean => !others.some((other) => name.includes(other));
  const entries = left.map(([kind, names]) => [kind, names.filter(isOurs)] as const);
  return Object.fromEntries(entries.filter(([, names]) => names.length > 0));
}

/** A multiset difference: a second mount on the same place is one too many. */
function subtract(now: readonly string[], earlier: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of earlier) counts.set(name, (counts.get(name) ?? 0) + 1);
  return now.filter((name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count - 1);
    return count <= 0;
  });
}
