import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APP, HEAD, onlyError, parse, places, specOf } from './parse-case.ts';

const repeat = (text: string, times: number): string => text.repeat(times);
const listOf = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join('');

const BOMB = [
  'a: &a [x, x, x, x, x, x, x, x, x]',
  ...'bcdefghij'.split('').map(
    (name, index, all) =>
      `${name}: &${name} [${Array(9)
        .fill(`*${all[index - 1] ?? 'a'}`)
        .join(', ')}]`,
  ),
].join('\n');

const HOSTILE: Readonly<Record<string, string>> = {
  'a list 10^5 deep': repeat('[', 1e5),
  'a map 10^5 deep': repeat('{a: ', 1e5),
  'dashes 10^5 deep': repeat('- ', 1e5),
  'question marks 10^5 deep': repeat('? ', 1e5),
  'indentation 2000 deep': listOf(2000, (index) => `${repeat(' ', index)}a:\n`),
  'fifty megabytes': repeat('a', 50e6),
  'an alias bomb': BOMB,
  'an alias in its own anchor': 'a: &a [*a]',
  'a merge of itself': 'a: &a\n  <<: *a\n',
  'a bomb of merges': `a: &a {${listOf(1000, (index) => `k${index}: 1,`)}}\nb:\n${repeat(' - {<<: *a}\n', 1000)}`,
  'a hundred thousand aliases': `a: &a x\nb: [${repeat('*a,', 4e4)}]`,
  'an unknown anchor': 'a: *nobody',
  'half a million equal keys': repeat('a: 1\n', 5e5),
  'a list of sixty thousand wrong items': `${HEAD}${APP}volumes: [${repeat('{},', 6e4)}]`,
  'nine thousand wrong inline files': `${HEAD}${APP}volumes: [{name: v, kind: inline, files: {${listOf(9000, (index) => `../${index}: x,`)}}}]`,
  'two million bad escapes': `"${repeat('\\q', 2e6)}"`,
  'fifty thousand closing brackets': repeat(']', 5e4),
  'four million colons': repeat(':', 4e6),
  'a million documents': repeat('---\n', 1e6),
  'a NUL': `${HEAD}${APP}hostname: "a\0b"`,
  'an escape sequence for the terminal': `${HEAD}${APP}hostname: "\u001b[2J"`,
  'a lone surrogate': '"\ud800"',
  'an unknown tag': `${HEAD}${APP}x: !!js/function "1"`,
  'a tab as indentation': 'metadata:\n\tname: a\n',
  'a number of a million digits': `${HEAD}${APP}hostname: ${repeat('9', 1e6)}`,
  nothing: '',
  'only a comment': '# nothing\n',
  'a list': '- a\n',
  'a second document': `${HEAD}${APP}---\na: 1\n`,
  'a map as a key': '? {a: b}\n: c\n',
  'an empty key': ': a\n',
};

for (const [name, text] of Object.entries(HOSTILE)) {
  test(`${name}: a located error, and soon`, () => {
    const startedMs = performance.now();
    const { spec, errors } = parse(text);
    assert.equal(spec, undefined);
    assert.ok(errors.length > 0 && errors.length <= 600, `${errors.length} errors`);
    for (const { at } of errors) assert.ok(at && at.file === 'pod.yaml' && at.line > 0 && at.col > 0);
    // Generous: the machine may be busy. Without its bound each of these took half a minute, or for ever.
    assert.ok(performance.now() - startedMs < 10_000);
  });
}

test('__proto__ and constructor are unknown fields like any other', () => {
  const { errors } = parse(`${HEAD}${APP}__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n`);
  assert.deepEqual(places(errors), ['5:1 manifest/unknown-field', '6:1 manifest/unknown-field']);
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('__proto__ is a variable where names are free', () => {
  const { apps } = specOf(`${HEAD}apps: [{name: a, image: host, env: {__proto__: x, toString: y}}]`);
  assert.deepEqual(Object.entries(apps[0]!.env), [
    ['__proto__', 'x'],
    ['toString', 'y'],
  ]);
});

test('a duplicate field is an error at the second one', () => {
  const error = onlyError(`${HEAD}${APP}hostname: a\nhostname: b\n`);
  assert.deepEqual(places([error]), ['6:1 manifest/duplicate']);
});

test('a byte order mark is not part of the first field, nor of its column', () => {
  assert.equal(specOf(`\ufeff${HEAD}${APP}`).name, 'web');
  assert.deepEqual(places(parse(`\ufeff{apiVersion: pod/v1, kind: Pood, metadata: {name: a}, ${APP.trim()}}`).errors), [
    '1:28 manifest/schema',
  ]);
});

test('lines end with a line feed, with or without a carriage return', () => {
  const { errors } = parse(`${HEAD}${APP}hostname: a_b\n`.replaceAll('\n', '\r\n'));
  assert.deepEqual(places(errors), ['5:11 manifest/schema']);
});

test('anchors, aliases and merges mean what YAML says', () => {
  const { apps } = specOf(`${HEAD}apps:
  - &base {name: a, image: host, env: &env {A: "1", B: "2"}}
  - {<<: *base, name: b, env: {<<: *env, B: "3"}}
  - {name: c, image: host, env: *env}
`);
  assert.deepEqual(
    apps.map(({ name, image, env }) => [name, image.value, { ...env }]),
    [
      ['a', 'host', { A: '1', B: '2' }],
      ['b', 'host', { A: '1', B: '3' }],
      ['c', 'host', { A: '1', B: '2' }],
    ],
  );
});

test('an error in what an alias repeats is reported once, where it stands', () => {
  const { errors } = parse(
    `${HEAD}apps:\n  - {name: a, image: host, env: &e {A: 1}}\n  - {name: b, image: host, env: *e}\n`,
  );
  assert.deepEqual(places(errors), ['5:40 manifest/schema']);
});

test('words and numbers are read as the core schema says, with 0400 as octal', () => {
  const cases: [string, unknown][] = [
    ['yes', 'yes'],
    ['22:22', '22:22'],
    ['1_000', '1_000'],
    ['"0400"', '0400'],
    ['on', 'on'],
  ];
  for (const [text, value] of cases)
    assert.equal(specOf(`${HEAD}apps: [{name: a, image: host, env: {X: ${text}}}]`).apps[0]!.env['X'], value, text);
  const grace = onlyError(`${HEAD}apps: [{name: a, image: host, restart: {policy: always, maxRetries: 04000000000}}]`);
  assert.match(grace.message, /536870912 is above/);
});

test('an integer that a double cannot hold is not rounded', () => {
  const { volumes } = specOf(`${HEAD}${APP}volumes: [{name: v, kind: empty, medium: memory, size: 9007199254740991}]`);
  assert.deepEqual(
    volumes.map((volume) => volume.kind === 'empty' && volume.sizeBytes),
    [9007199254740991],
  );
  assert.equal(
    onlyError(`${HEAD}${APP}volumes: [{name: v, kind: empty, size: 9007199254740993}]`).code,
    'manifest/schema',
  );
});
