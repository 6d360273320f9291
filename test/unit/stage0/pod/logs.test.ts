import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseLogLine } from '../../../../stages/stage0/pod/log-line.ts';
import { logFiles } from '../../../../stages/stage0/pod/log-tail.ts';
import { LogFollower, type LogOptions } from '../../../../stages/stage0/pod/logs.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

function line(second: number, text: string, stream = 'stdout', tag = 'F'): string {
  return `2026-11-23T10:00:${String(second).padStart(2, '0')}.000000000Z ${stream} ${tag} ${text}\n`;
}

function newPod(files: Readonly<Record<string, string>>): string {
  const pod = mkdtempSync(join(scratch, 'pod-'));
  mkdirSync(join(pod, 'logs'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(pod, 'logs', name), text);
  return pod;
}

function follower(
  pod: string,
  apps: readonly string[],
  options: Partial<LogOptions> = {},
): { lines: string[]; follow: LogFollower } {
  const lines: string[] = [];
  const follow = new LogFollower(pod, {
    apps,
    sink: (app, { stream, partial, text }) =>
      lines.push(`${app} ${stream} ${Buffer.from(text).toString()}${partial ? '…' : ''}`),
    ...options,
  });
  return { lines, follow };
}

test('a line is its time, stream, tag and bytes', () => {
  const { time, stream, partial, text } = parseLogLine(Buffer.from('2026-11-23T10:00:00.123456789Z stderr P a b'));
  assert.deepEqual(
    [time, stream, partial, Buffer.from(text).toString()],
    ['2026-11-23T10:00:00.123456789Z', 'stderr', true, 'a b'],
  );
});

test('a line that does not fit is text', () => {
  for (const text of ['', ' ', 'x', 'a b c', '2026 stdwhat F x'])
    assert.equal(Buffer.from(parseLogLine(Buffer.from(text)).text).toString(), text);
});

test('rotated files are read oldest first', () => {
  const pod = newPod({
    'a.log': line(3, 'three'),
    'a.log.1': line(2, 'two'),
    'a.log.10': line(1, 'one'),
    'ab.log': '',
    'a.log.x': '',
  });
  assert.deepEqual(logFiles(join(pod, 'logs'), 'a'), ['a.log.10', 'a.log.1', 'a.log']);
  const { lines, follow } = follower(pod, ['a']);
  follow.readExisting();
  follow.finish();
  assert.deepEqual(lines, ['a stdout one', 'a stdout two', 'a stdout three']);
});

test('apps are merged by time, and a long line stays together', () => {
  const pod = newPod({
    'a.log': line(1, 'a1', 'stdout', 'P') + line(4, 'a1b') + line(5, 'a2'),
    'b.log': line(2, 'b1') + line(6, 'b2', 'stderr'),
  });
  const { lines, follow } = follower(pod, ['a', 'b']);
  follow.readExisting();
  follow.finish();
  assert.deepEqual(lines, ['a stdout a1…', 'a stdout a1b', 'b stdout b1', 'a stdout a2', 'b stderr b2']);
});

test('tail counts lines of all apps together, across rotation', () => {
  const pod = newPod({ 'a.log': line(3, 'a3') + line(5, 'a5'), 'a.log.1': line(1, 'a1'), 'b.log': line(4, 'b4') });
  for (const [tail, expected] of [
    [0, []],
    [2, ['a stdout a5', 'b stdout b4'].toReversed()],
    [9, ['a stdout a1', 'a stdout a3', 'b stdout b4', 'a stdout a5']],
  ] as const) {
    const { lines, follow } = follower(pod, ['a', 'b'], { tail });
    follow.readExisting();
    follow.finish();
    assert.deepEqual(lines, expected, String(tail));
  }
});

test('tail finds its place in files larger than a chunk', () => {
  const text = Array.from({ length: 5000 }, (_, index) => line(index % 60, `line ${index} ${'x'.repeat(50)}`)).join('');
  const { lines, follow } = follower(newPod({ 'a.log': text }), ['a'], { tail: 1500 });
  follow.readExisting();
  follow.finish();
  assert.equal(lines.length, 1500);
  assert.match(lines[0]!, /^a stdout line 3500 /);
});

test('since leaves out older lines', () => {
  const pod = newPod({ 'a.log': line(1, 'a1') + line(2, 'a2') });
  const { lines, follow } = follower(pod, ['a'], { since: '2026-11-23T10:00:02.000000000Z' });
  follow.readExisting();
  follow.finish();
  assert.deepEqual(lines, ['a stdout a2']);
});

test('following goes on through rotation and a move of the pod, and loses nothing', async () => {
  const pod = newPod({ 'a.log': line(1, 'one') });
  const { lines, follow } = follower(pod, ['a'], {});
  follow.readExisting();
  follow.follow();
  const log = join(pod, 'logs/a.log');
  appendFileSync(log, line(2, 'two'));
  renameSync(log, `${log}.1`);
  appendFileSync(`${log}.1`, line(3, 'three'));
  renameSync(`${log}.1`, `${log}.2`);
  writeFileSync(`${log}.1`, line(4, 'four'));
  writeFileSync(log, line(5, 'five'));
  renameSync(pod, `${pod}-moved`);
  appendFileSync(`${pod}-moved/logs/a.log`, `${line(6, 'six')}2026-11-23T10:00:07.000000000Z stdout P torn`);
  await new Promise(setImmediate);
  follow.finish();
  assert.deepEqual(lines, [
    ...['one', 'two', 'three', 'four', 'five', 'six'].map((word) => `a stdout ${word}`),
    'a stdout torn…',
  ]);
});

test('a reader that was overtaken by rotation ends the line it was in, and says that lines are missing', () => {
  const pod = newPod({ 'a.log': `${line(1, 'one')}2026-11-23T10:00:02.000000000Z stdout P half\n` });
  const { lines, follow } = follower(pod, ['a'], {});
  follow.readExisting();
  const log = join(pod, 'logs/a.log');
  // Kept open by its reader, as a file that nobody can find any more.
  unlinkSync(log);
  writeFileSync(`${log}.1`, line(7, 'seven'));
  writeFileSync(log, line(8, 'eight'));
  follow.finish();
  assert.deepEqual(lines, [
    'a stdout one',
    'a stdout half…',
    'a stdout ',
    'a stdout [lines may be missing here: files were rotated away before they were read]',
    'a stdout seven',
    'a stdout eight',
  ]);
});

test('following delivers a line as soon as it is written', async () => {
  const pod = newPod({ 'a.log': '' });
  const { promise, resolve } = waiter();
  using follow = new LogFollower(pod, { apps: ['a'], sink: () => resolve() });
  follow.follow();
  appendFileSync(join(pod, 'logs/a.log'), line(1, 'one'));
  await promise;
});

test('what the sink throws ends the following', async () => {
  const pod = newPod({ 'a.log': line(1, 'one') });
  using follow = new LogFollower(pod, {
    apps: ['a'],
    sink: () => {
      throw new Error('gone');
    },
  });
  follow.follow();
  await assert.rejects(follow.failure, /gone/);
});

function waiter(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
