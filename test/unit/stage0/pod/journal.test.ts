import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { readEvents, readHistory } from '../../../../stages/stage0/pod/events.ts';
import { EventTail } from '../../../../stages/stage0/pod/event-tail.ts';
import { useScratch, UUID_A } from './scratch.ts';

const scratch = useScratch();
let pods = 0;

function podWith(events: string, final = '{}'): string {
  const path = `${scratch}/${pods++}`;
  mkdirSync(path);
  writeFileSync(`${path}/events`, events);
  writeFileSync(`${path}/final`, final);
  return path;
}

const line = (t: number, e: string, more: object = {}): string => `${JSON.stringify({ t, e, ...more })}\n`;
const started = (t: number, app: string): string => line(t, 'app-started', { app, pid: 1 });
const kinds = (events: readonly { readonly t: number; readonly e: string }[]): string[] =>
  events.map(({ t, e }) => `${t} ${e}`);
const CARRIED = { copies: 1, starts: 7, lines: 1, bytes: 2 };

const LINES = [
  line(1, 'pod-started'),
  started(2, 'a'),
  started(3, 'b'),
  line(4, 'app-exited', { app: 'b', code: 1, signal: 0, oom: 0 }),
  line(0, 'carried-pod', { copies: 1 }),
  line(1, 'pod-started'),
  line(5, 'carried', { app: 'a', ...CARRIED }),
  started(2, 'a'),
  line(5, 'carried', { app: 'b', ...CARRIED, copies: 2 }),
  started(3, 'b'),
  line(4, 'app-exited', { app: 'b', code: 1, signal: 0, oom: 0 }),
  started(6, 'b'),
];

test('of a journal that was shortened, state begins where it was said again, and history holds nothing twice', () => {
  const path = podWith(LINES.join(''));
  assert.deepEqual(kinds(readEvents(path)), [
    '0 carried-pod',
    '1 pod-started',
    '5 carried',
    '2 app-started',
    '5 carried',
    '3 app-started',
    '4 app-exited',
    '6 app-started',
  ]);
  assert.deepEqual(kinds(readHistory(path)), [
    '1 pod-started',
    '2 app-started',
    '3 app-started',
    '4 app-exited',
    '6 app-started',
  ]);
});

test('a block that a crash has cut is not believed: what was before it counts', () => {
  const path = podWith(LINES.slice(0, 10).join(''));
  assert.deepEqual(
    readEvents(path)
      .filter((event) => 'app' in event && event.app === 'b' && event.e !== 'carried')
      .map(({ t }) => t),
    [3, 4, 3],
  );
});

test('what was given back to the disk is not read, and the line it was cut in is none', () => {
  const start = 200_000;
  const text = `${'x'.repeat(start)}st":1}\n${line(9, 'stopping')}`;
  const path = podWith(text, `${'{}'.padEnd(511)}\n${''.padEnd(63)}\n{"from":${start}}`.padEnd(640));
  assert.deepEqual(kinds(readEvents(path)), ['9 stopping']);
});

test('who follows a journal skips what is said again, also when it comes in pieces', () => {
  const path = podWith('');
  using tail = new EventTail(UUID_A);
  const pod = { uuid: UUID_A, path, state: 'run' as const };
  const seen: string[] = [];
  for (const one of LINES) {
    appendFileSync(`${path}/events`, one.slice(0, 5));
    seen.push(...kinds(tail.read(pod)));
    appendFileSync(`${path}/events`, one.slice(5));
    seen.push(...kinds(tail.read(pod)));
  }
  assert.deepEqual(seen, ['1 pod-started', '2 app-started', '3 app-started', '4 app-exited', '6 app-started']);
});
