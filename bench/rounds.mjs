// Measures several subjects in turn, so that what disturbs the machine disturbs all of them alike.

import { setTimeout as delay } from 'node:timers/promises';

/** Between two measurements: in a tight loop the kernel hides what a lone start costs (RCU, deferred tear-down). */
const IDLE_MS = 100;
const WARM_UP_ROUNDS = 2;

/** `subjects`: name → a function that measures once and returns milliseconds. Returns name → all measurements. */
export async function interleave(subjects, rounds) {
  const taken = new Map([...subjects.keys()].map((name) => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const [name, once] of subjects) {
      await delay(IDLE_MS);
      const ms = await once();
      if (round >= 0) taken.get(name).push(ms);
    }
  }
  return taken;
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function summarise(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: median(values), min: sorted[0], max: sorted.at(-1), count: values.length };
}
