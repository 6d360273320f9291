import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { syscall } from '../../../stages/linux/syscall.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import type { Check } from '../checks.ts';
import { shell } from './pods.ts';

// The guest's clock is its own: here, and only here, it may be set.

const CLOCK_REALTIME = 0;
const HOUR_MS = 3_600_000;
const PAUSE_MS = 1500;
/** What a slow guest may add: much less than what the clock is stepped by. */
const SLACK_MS = 60_000;

function stepClock(byMs: number): void {
  const before = Date.now();
  const spec = new DataView(new ArrayBuffer(16));
  spec.setBigInt64(0, BigInt(Math.round((before + byMs) / 1000)), true);
  syscall('clock_settime', CLOCK_REALTIME, new Uint8Array(spec.buffer));
  assert.ok(Math.abs(Date.now() - before - byMs) < 60_000, 'the clock was set');
}

async function until(holds: () => boolean, limitMs = 60_000): Promise<void> {
  const startMs = performance.now();
  while (!holds()) {
    assert.ok(performance.now() - startMs < limitMs, 'it took too long');
    await delay(10);
  }
}

/** Steps the clock while `wait` has its time to pass, both ways, and looks how long it took. */
async function takesItsTime(begin: () => Promise<{ pod: Pod; wait: () => Promise<unknown> }>): Promise<void> {
  for (const step of [HOUR_MS, -HOUR_MS]) {
    const { pod, wait } = await begin();
    const startMs = performance.now();
    const waited = wait();
    await delay(PAUSE_MS / 5);
    stepClock(step);
    try {
      await waited;
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs > PAUSE_MS - 500 && tookMs < PAUSE_MS + SLACK_MS, `${tookMs} ms`);
    } finally {
      stepClock(-step);
      await pod.stop({ graceMs: 0 });
      await pod.remove();
    }
  }
}

function keepGrace(root: string): Promise<void> {
  return takesItsTime(async () => {
    const pod = await shell(root, 'trap "" TERM; echo up; while :; do sleep 0.1; done', {
      stop: { grace: `${PAUSE_MS}ms` },
    });
    await until(() => pod.logs().length > 0);
    return { pod, wait: () => pod.stop() };
  });
}

function keepBackOff(root: string): Promise<void> {
  return takesItsTime(async () => {
    const script = '[ -e /again ] && exec sleep 1000; touch /again; exit 1';
    const restart = { policy: 'always', backoff: { initial: `${PAUSE_MS}ms` } };
    const pod = await shell(root, script, { restart });
    await until(() => pod.status()?.apps[0]?.reason === 'back-off');
    return { pod, wait: () => until(() => pod.status()?.apps[0]?.restarts === 1) };
  });
}

export const CLOCK_CHECKS: readonly Check[] = [
  { name: 'a step of the clock by an hour changes no grace period', run: keepGrace },
  { name: 'a step of the clock by an hour changes no back-off', run: keepBackOff },
];
