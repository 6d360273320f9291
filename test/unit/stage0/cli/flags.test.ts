import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseWait } from '../../../../stages/stage0/cli/arguments.ts';
import { type Flag, parseFlags } from '../../../../stages/stage0/cli/flags.ts';
import { parseSelector } from '../../../../stages/stage0/cli/select.ts';
import { signalName, signalNumber } from '../../../../stages/linux/signals.ts';
import { GLOBAL_FLAGS } from '../../../../stages/stage0/cli/verb.ts';
import { VERBS } from '../../../../stages/stage0/cli/verbs.ts';
import { parseSince } from '../../../../stages/stage0/cli/verbs/logs.ts';
import { PodError } from '../../../../stages/stage0/error.ts';

const FLAGS: readonly Flag[] = [
  { name: 'all', short: 'a', help: '' },
  { name: 'tty', short: 't', help: '' },
  { name: 'env', short: 'e', value: 'K=V', isRepeatable: true, help: '' },
  { name: 'output', short: 'o', value: 'F', values: ['json', 'table'], help: '' },
  { name: 'wait', value: 'DUR', isValueOptional: true, help: '' },
];

test('flags are taken in every way they are written', () => {
  for (const line of [
    ['-a', '-o', 'json', 'x'],
    ['-ao', 'json', 'x'],
    ['-aojson', 'x'],
    ['x', '--output=json', '--all'],
    ['--output', 'json', '-a', '--', 'x'],
  ]) {
    const parsed = parseFlags(line, FLAGS);
    assert.deepEqual(
      [parsed.has('all'), parsed.value('output'), parsed.operands],
      [true, 'json', ['x']],
      line.join(' '),
    );
  }
});

test('a flag may be given again and again where that means something', () => {
  const parsed = parseFlags(['-e', 'A=1', '--env=B==', '-o', 'json', '-o', 'table'], FLAGS);
  assert.deepEqual(parsed.all('env'), ['A=1', 'B==']);
  assert.deepEqual(parsed.all('output'), ['table']);
});

test('a value that is optional needs the equals sign', () => {
  assert.equal(parseFlags(['--wait', 'web'], FLAGS).value('wait'), '');
  assert.equal(parseFlags(['--wait=5s', 'web'], FLAGS).value('wait'), '5s');
});

test('after the operand that precedes a command, everything is the command’s', () => {
  for (const line of [
    ['-t', 'web', 'ls', '-a', '--', '-x'],
    ['web', '-t', '--', 'ls', '-a', '--', '-x'],
    ['web', '-t', 'ls', '-a', '--', '-x'],
  ]) {
    const parsed = parseFlags(line, FLAGS, { commandAfter: 1 });
    assert.deepEqual(parsed.operands, ['web', 'ls', '-a', '--', '-x'], line.join(' '));
    assert.deepEqual([parsed.has('tty'), parsed.has('all')], [true, false]);
  }
});

test('a wrong flag is a usage error, with the nearest right one', () => {
  for (const [line, hint] of [
    [['--al'], '--all'],
    [['--ouput', 'json'], '--output'],
    [['-o', 'jsn'], 'json'],
  ] as const) {
    assert.throws(
      () => parseFlags(line, FLAGS),
      (error: PodError) => error.code === 'cli/usage' && (error.hint ?? '').includes(hint),
    );
  }
  for (const line of [['-x'], ['--all=1'], ['--env'], ['-e'], ['-ax']]) {
    assert.throws(
      () => parseFlags(line, FLAGS),
      (error: PodError) => error.code === 'cli/usage',
      line.join(' '),
    );
  }
});

test('a short flag that takes no value says so', () => {
  assert.throws(() => parseFlags(['-a=1'], FLAGS), { code: 'cli/usage', message: '-a takes no value: got "1"' });
});

test('a path that is empty is a usage error', () => {
  const flags: readonly Flag[] = [{ name: 'root', short: 'r', value: 'DIR', isPath: true, help: '' }];
  for (const line of [['--root='], ['--root', ''], ['-r', '']]) {
    assert.throws(
      () => parseFlags(line, flags),
      (error: PodError) => error.code === 'cli/usage' && error.message.includes('--root'),
      line.join(' '),
    );
  }
});

test('every flag that takes a path of the host says so', async () => {
  for (const entry of VERBS) {
    const { verb } = await entry.load();
    for (const { name, value, isPath } of [...verb.flags, ...GLOBAL_FLAGS])
      assert.equal(
        isPath === true,
        ['F', 'FILE', 'DIR'].includes(value ?? '') && name !== 'workdir',
        `${verb.name} --${name}`,
      );
  }
});

test('durations and times', () => {
  for (const [text, ms] of [
    ['500ms', 500],
    ['10s', 10_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0', 0],
  ] as const) {
    assert.equal(parseDuration(text, 'x'), ms);
  }
  for (const text of ['', '5', '-1s', '1w', '1e3s', 'NaN', '9'.repeat(400) + 's'])
    assert.throws(() => parseDuration(text, 'x'), PodError, text);
  assert.equal(parseSince('10s', 70_000), '1970-01-01T00:01:00.000000000Z');
  assert.equal(parseSince('2026-11-23T10:00:00Z'), '2026-11-23T10:00:00.000000000Z');
  for (const text of ['yesterday', '5', '2026-13-01']) assert.throws(() => parseSince(text), PodError, text);
});

test('a time that no timer can count to is refused where it is waited for', () => {
  assert.equal(parseWait('24d', 'x'), 24 * 86_400_000);
  for (const text of ['25d', '1000h', `${2 ** 31}ms`]) assert.throws(() => parseWait(text, 'x'), PodError, text);
});

test('signals by name and by number', () => {
  for (const text of ['TERM', 'term', 'SIGTERM', 'sigterm', '15']) assert.equal(signalName(text), 'SIGTERM', text);
  for (const [text, name] of [
    ['37', 'SIGRTMIN+3'],
    ['sigrtmin+3', 'SIGRTMIN+3'],
    ['RTMIN', 'SIGRTMIN'],
    ['34', 'SIGRTMIN'],
    ['RTMAX', 'SIGRTMIN+30'],
    ['SIGRTMAX-1', 'SIGRTMIN+29'],
    ['SIGIOT', 'SIGABRT'],
  ] as const)
    assert.deepEqual([signalName(text), signalNumber(text)], [name, signalNumber(name)], text);
  for (const text of ['32', '33', '65', 'RTMIN+31', 'RTMAX-31', 'RTMIN-1', 'RTMINX'])
    assert.equal(signalName(text), undefined, text);
  for (const text of ['', '0', '99', 'SIG', 'TERMINATE', '-9']) assert.equal(signalName(text), undefined, text);
});

test('a selector holds when all its tests do', () => {
  const labels = { tier: 'front', env: 'test' };
  for (const text of ['tier=front', 'tier==front', 'tier', 'tier=front,env!=prod', 'gone!=x'])
    assert.equal(parseSelector(text)(labels), true, text);
  for (const text of ['tier=back', 'gone', 'tier=front,env=prod', 'toString', 'tier='])
    assert.equal(parseSelector(text)(labels), false, text);
  for (const text of ['', '=x', 'a b', 'tier=front,']) assert.throws(() => parseSelector(text), PodError, text);
});
