import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appWith, parse, places } from './parse-case.ts';

test('an alias of nothing is told once', () => {
  assert.deepEqual(places(parse(appWith('exec: *nope')).errors), ['7:11 manifest/syntax']);
});

test('a list or a map that is not closed is told where it begins', () => {
  for (const [text, ...expected] of [
    [appWith('exec: ['), '7:11'],
    [appWith('exec: [a,', '', ''), '7:11'],
    [appWith('env: {A: b, '), '7:10'],
    [appWith('mounts: [{volume: v, '), '7:13', '7:14'],
  ] as const) {
    const { errors } = parse(text);
    assert.deepEqual(
      places(errors),
      expected.map((place) => `${place} manifest/syntax`),
      text,
    );
  }
});
