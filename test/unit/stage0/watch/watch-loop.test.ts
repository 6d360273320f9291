import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WatchLoop } from '../../../../stages/stage0/watch/watch-loop.ts';

/** A loop whose rounds come to what the test says, in order, and that stops when there is no more to say. */
class Script {
  readonly pauses: number[] = [];
  readonly loop: WatchLoop;
  readonly #outcomes: (boolean | ((signal: AbortSignal) => Promise<boolean>))[];
  readonly #onPause: (count: number) => void;

  constructor(
    outcomes: readonly (boolean | ((signal: AbortSignal) => Promise<boolean>))[],
    onPause: (loop: WatchLoop, count: number) => void = (loop) => loop.beginIn(0),
  ) {
    this.#outcomes = [...outcomes];
    this.#onPause = (count) => onPause(this.loop, count);
    this.loop = new WatchLoop({
      resyncMs: 10_000,
      round: async (signal) => {
        const outcome = this.#outcomes.shift();
        if (this.#outcomes.length === 0) this.loop.stop();
        return { isWell: typeof outcome === 'function' ? await outcome(signal) : outcome! };
      },
      onPause: ({ ms }) => {
        // To the second: the clock goes on meanwhile.
        this.pauses.push(Math.ceil(ms / 1000));
        setImmediate(() => this.#onPause(this.pauses.length));
      },
    });
  }
}

test('rounds that fail come again sooner, later and later, and never later than those that do not', async () => {
  const script = new Script([false, false, false, false, false, false, true, false, true]);
  await script.loop.run();
  assert.deepEqual(script.pauses, [1, 2, 4, 8, 10, 10, 10, 1]);
});

test('a change cancels the wait, and what failed before does not count any more', async () => {
  const script = new Script([false, false, false, false, true], (loop, count) => {
    if (count === 3) loop.begin();
    else loop.beginIn(0);
  });
  await script.loop.run();
  assert.deepEqual(script.pauses, [1, 2, 4, 1]);
});

test('a change gives up the round that is under way, and another begins', async () => {
  const until = (signal: AbortSignal): Promise<boolean> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      setImmediate(() => script.loop.begin());
    });
  const script = new Script([until, true, true]);
  await script.loop.run();
  assert.deepEqual(script.pauses, [10]);
});

test('what is to begin soon does so, also when it is said during a round', async () => {
  const loop: WatchLoop = new WatchLoop({
    resyncMs: 10_000,
    round: () => {
      rounds++;
      if (rounds === 1) loop.beginIn(5);
      if (rounds === 3) loop.stop();
      return Promise.resolve({ isWell: true });
    },
    onPause: ({ ms }) => {
      pauses.push(ms);
      if (rounds === 2) setImmediate(() => loop.beginIn(0));
    },
  });
  let rounds = 0;
  const pauses: number[] = [];
  await loop.run();
  assert.ok(pauses[0]! <= 5 && pauses[1]! > 9000, String(pauses));
});

test('an end during a round or a pause is an end', async () => {
  const waiting = new Script([true, true], (loop) => loop.stop());
  await waiting.loop.run();
  assert.equal(waiting.pauses.length, 1);
  const given = new Script([
    (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        setImmediate(() => given.loop.stop());
      }),
    true,
  ]);
  await given.loop.run();
  assert.equal(given.pauses.length, 0);
});

test('a bug in a round ends the loop', async () => {
  const script = new Script([() => Promise.reject(new TypeError('bug')), true]);
  await assert.rejects(script.loop.run(), TypeError);
});

test('what somebody else may mend is looked at again before long', async () => {
  const pauses: number[] = [];
  const loop: WatchLoop = new WatchLoop({
    resyncMs: 10_000,
    round: () => Promise.resolve({ isWell: false, againMs: 1500 }),
    onPause: ({ ms }) => {
      pauses.push(Math.ceil(ms / 500) * 500);
      setImmediate(() => (pauses.length === 3 ? loop.stop() : loop.beginIn(0)));
    },
  });
  await loop.run();
  assert.deepEqual(pauses, [1000, 1500, 1500]);
});
