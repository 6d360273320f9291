import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodEvent } from '../../../../stages/stage0/pod/events.ts';
import { previousInstance, type Span } from '../../../../stages/stage0/pod/instances.ts';

const T = Date.parse('2026-11-23T10:00:00Z');

/** Words are events of the app `a`, a second apart. */
function previous(...words: readonly string[]): Span | undefined {
  const events = words.map((e, second) => ({ t: T + second * 1000, e, app: 'a' }) as unknown as PodEvent);
  return previousInstance([{ t: T, e: 'app-started', app: 'b', pid: 9 }, ...events], 'a');
}

function at(second: number): string {
  return `2026-11-23T10:00:0${second}.000000000Z`;
}

test('an app that was started once, or never, has no previous instance', () => {
  assert.equal(previous(), undefined);
  assert.equal(previous('app-started'), undefined);
  assert.equal(previous('app-started', 'app-exited'), undefined);
});

test('the previous instance is what ran before the last start', () => {
  const span = { from: at(3), until: at(6) };
  const again = ['app-started', 'app-exited', 'app-backoff'];
  assert.deepEqual(previous(...again, ...again, 'app-started'), span);
  assert.deepEqual(previous(...again, ...again, 'app-started', 'app-exited', 'app-given-up'), span);
  // It never came to another start.
  assert.deepEqual(previous(...again, ...again, 'app-started', 'app-exited', 'app-backoff', 'stopping'), span);
});

test('of an app that waits for its next start, it is the last', () => {
  assert.deepEqual(previous('app-started', 'app-exited', 'app-backoff'), { from: at(0) });
  assert.equal(previous('app-backoff'), undefined);
});

test('times compare with those of lines, to the microsecond', () => {
  const events: PodEvent[] = [T + 0.001, T + 1.999, T + 2.9999].map((t) => ({ t, e: 'app-started', app: 'a', pid: 2 }));
  const time = (fraction: string): string => `2026-11-23T10:00:00.${fraction}Z`;
  assert.deepEqual(previousInstance(events, 'a'), { from: time('001999000'), until: time('003000000') });
});
