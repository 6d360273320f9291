import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodEvent, ProbeOutcome } from '../../../../stages/stage0/pod/events.ts';
import { isReady, probeStatuses } from '../../../../stages/stage0/pod/probe-status.ts';

const started = (ready?: number): PodEvent => ({
  t: 1000,
  e: 'app-started',
  app: 'a',
  pid: 2,
  ...(ready === undefined ? {} : { ready }),
});

function tried(t: number, outcome: ProbeOutcome, number: number, passed: number, text?: string): PodEvent {
  const probe = { e: 'probe', app: 'a', probe: 'ready', outcome, number, passed, ready: passed } as const;
  return { t, ...probe, ...(text === undefined ? {} : { text }) };
}

test('an app is ready as its last event says', () => {
  assert.equal(isReady([started(1)]), true);
  assert.equal(isReady([started(0)]), false);
  assert.equal(isReady([started(0), tried(1, 'ok', 0, 1)]), true);
  assert.equal(isReady([started(0), tried(1, 'ok', 0, 1), tried(2, 'status', 503, 0)]), false);
  assert.equal(isReady([started(0), tried(1, 'ok', 0, 1), started(0)]), false);
});

test('what an older init has started is ready', () => {
  assert.equal(isReady([started()]), true);
  assert.equal(isReady([]), false);
});

test('a probe has a message while it fails, and the time of its last change', () => {
  const events = [started(0), tried(2000, 'errno', 111, 0), tried(3000, 'status', 503, 0)];
  assert.deepEqual(probeStatuses(events), [
    { probe: 'ready', passed: false, message: 'status 503', since: '1970-01-01T00:00:02.000Z' },
  ]);
  assert.deepEqual(probeStatuses([...events, tried(4000, 'ok', 200, 1)]), [
    { probe: 'ready', passed: true, message: null, since: '1970-01-01T00:00:04.000Z' },
  ]);
});

test('a start forgets the tries before it', () => {
  assert.deepEqual(probeStatuses([started(0), tried(1, 'ok', 0, 1), started(0)]), []);
});

const MESSAGES: [ProbeOutcome, number, string | undefined, string | null][] = [
  ['ok', 200, undefined, null],
  ['errno', 111, undefined, 'connection refused'],
  ['timeout', 1000, undefined, 'timed out after 1s'],
  ['timeout', 1500, 'half\n', 'timed out after 1500ms: half'],
  ['status', 404, undefined, 'status 404'],
  ['answer', 0, undefined, 'the answer is of another protocol'],
  ['refused', 0, undefined, 'the answer is not SERVING'],
  ['closed', 0, undefined, 'the connection was closed without an answer'],
  ['exit', 2, ' no such database\n', 'exit code 2: no such database'],
  ['signal', 9, undefined, 'killed by SIGKILL'],
];

for (const [outcome, number, text, message] of MESSAGES) {
  test(`${outcome} ${number} reads ${message}`, () => {
    assert.equal(probeStatuses([tried(1, outcome, number, 0, text)])[0]?.message, message);
  });
}
