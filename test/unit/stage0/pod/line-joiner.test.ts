import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineJoiner } from '../../../../stages/stage0/pod/line-joiner.ts';
import type { LogLine } from '../../../../stages/stage0/pod/log-line.ts';

function part(text: string | Buffer, partial: boolean, stream: LogLine['stream'] = 'stdout'): LogLine {
  return { time: '', stream, partial, text: Buffer.from(text) };
}

test('parts of one stream of one app are one line, whatever comes in between', () => {
  const joiner = new LineJoiner();
  const join = (app: string, line: LogLine): string => joiner.join(app, line).text.toString();
  assert.equal(join('a', part('one ', true)), 'one ');
  assert.equal(join('b', part('other', false)), 'other');
  assert.equal(join('a', part('error', false, 'stderr')), 'error');
  assert.equal(join('a', part('line', false)), 'one line');
  assert.equal(join('a', part('next', false)), 'next');
});

test('a character that was cut in two is one again', () => {
  const joiner = new LineJoiner();
  const euro = Buffer.from('€');
  joiner.join('a', part(euro.subarray(0, 1), true));
  assert.equal(joiner.join('a', part(euro.subarray(1), false)).text.toString(), '€');
});

test('of a line without end the last MiB is kept', () => {
  const joiner = new LineJoiner();
  for (let i = 0; i < 80; i++) joiner.join('a', part('x'.repeat(16_384), true));
  const { text } = joiner.join('a', part('end', false));
  assert.equal(text.length, 1024 * 1024);
  assert.equal(text.subarray(-4).toString(), 'xend');
});
