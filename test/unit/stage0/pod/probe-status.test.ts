import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodEvent } from '../../../../stages/stage0/pod/events.ts';
import type { ProbeOutcome } from '../../../../stages/stage0/pod/outcome.ts';
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
  ['closed', 0, undefined, 'the connection was closed without an answer'],
  ['cut', 0, undefined, 'the connection was closed before the end of the answer'],
  ['health', 2, undefined, 'the status of the service is NOT_SERVING'],
  ['health', 9, undefined, 'the status of the service is 9'],
  ['grpc', 12, undefined, 'grpc-status 12 UNIMPLEMENTED'],
  ['grpc', 99, undefined, 'grpc-status 99'],
  ['reset', 8, undefined, 'the server reset the request: CANCEL'],
  ['goaway', -1, undefined, 'the server closes the connection: 4294967295'],
  ['size', 16385, undefined, 'a frame of 16385 bytes, more than 16384'],
  ['order', 9, undefined, 'an unexpected frame: CONTINUATION'],
  ['exit', 2, ' no such database\n', 'exit code 2: no such database'],
  ['signal', 9, undefined, 'killed by SIGKILL'],
];

test('what an init of another version writes is shown in its own words', () => {
  assert.equal(probeStatuses([tried(1, 'refused' as ProbeOutcome, 0, 0)])[0]?.message, 'refused');
});

for (const [outcome, number, text, message] of MESSAGES) {
  test(`${outcome} ${number} reads ${message}`, () => {
    assert.equal(probeStatuses([tried(1, outcome, number, 0, text)])[0]?.message, message);
  });
}
