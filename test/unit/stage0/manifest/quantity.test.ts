import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import {
  BYTES_PATTERN,
  CPU_PATTERN,
  DURATION_PATTERN,
  parseBytes,
  showBytes,
  parseDurationMs,
  parseMillicores,
} from '../../../../stages/stage0/manifest/quantity.ts';

function refuses(parse: () => unknown, label: string): void {
  assert.throws(parse, (error) => error instanceof PodError && error.code === 'manifest/schema', label);
}

test('sizes come out as exact bytes', () => {
  const cases: [string | number, bigint][] = [
    ['0', 0n],
    ['1', 1n],
    [4096, 4096n],
    ['1k', 1000n],
    ['1Ki', 1024n],
    ['1.5k', 1500n],
    ['0.5Ki', 512n],
    ['64Mi', 67_108_864n],
    ['1M', 1_000_000n],
    ['1G', 1_000_000_000n],
    ['1Gi', 1_073_741_824n],
    ['2Ti', 2_199_023_255_552n],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['0.00000000093132257461547851562500Gi', 1n],
  ];
  for (const [text, bytes] of cases) assert.equal(parseBytes(text), bytes, String(text));
});

test('sizes that are none, not whole or too large are refused', () => {
  const wrong = [
    '',
    ' ',
    '1Gi1',
    '-1',
    '+1',
    '1e3',
    '1e309',
    'NaN',
    'Infinity',
    '0x10',
    '1_000',
    '1 Gi',
    '1GB',
    '1gi',
    'Gi',
    '.5k',
    '1.k',
    '1.5',
    '0.1k1',
  ];
  for (const text of [...wrong, '9223372036854775808', '8Ei', '1\n', '1Gi\n', '1'.repeat(100_000)]) {
    refuses(() => parseBytes(text), text.slice(0, 40));
  }
  for (const value of [-1, Number.NaN, Infinity, 1.5, 1e300]) refuses(() => parseBytes(value), String(value));
});

test('a size with a unit of another tool gets the unit it most likely means', () => {
  for (const [text, meant] of [
    ['1GB', '"1Gi"'],
    ['64mb', '"64Mi"'],
    ['5 Ki', '"5Ki"'],
    ['2g', '"2Gi"'],
  ] as const) {
    assert.throws(
      () => parseBytes(text),
      (error) => error instanceof PodError && error.hint!.includes(meant),
      text,
    );
  }
});

test('cpu quantities come out as exact thousandths', () => {
  const cases: [string | number, number][] = [
    ['500m', 500],
    ['1', 1000],
    [2, 2000],
    [0.25, 250],
    ['0.1', 100],
    ['1.5', 1500],
    ['0', 0],
    ['2.000', 2000],
  ];
  for (const [text, millicores] of cases) assert.equal(parseMillicores(text), millicores, String(text));
});

test('cpu quantities that are none, too fine or too large are refused', () => {
  for (const text of ['', 'm', '500M', '1u', '-1', '0.0001', '0.5m', '1e3', '99999999999999999999', 'NaN'])
    refuses(() => parseMillicores(text), text);
  for (const value of [-0.5, Number.NaN, Infinity, 0.0001]) refuses(() => parseMillicores(value), String(value));
});

test('durations come out as milliseconds', () => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
  ] as const) {
    assert.equal(parseDurationMs(text), ms, text);
  }
});

test('durations without a unit, or longer than poll can wait, are refused', () => {
  for (const text of ['', '10', 's', '1.5s', '-1s', '1 s', '1d', '5M', '1m30s', '2147483648ms', '9'.repeat(60) + 's'])
    refuses(() => parseDurationMs(text), text);
});

test('the patterns for schemas accept what the parsers accept', () => {
  for (const [pattern, parse, texts] of [
    [CPU_PATTERN, parseMillicores, ['500m', '1', '0.5', '1.5', 'x', '5k', '1m1', '']],
    [BYTES_PATTERN, parseBytes, ['1', '1k', '1Ki', '1.5k', '1K', '1B', '', '1Gi1', 'x']],
    [DURATION_PATTERN, parseDurationMs, ['1s', '1ms', '1h', '1d', '', '1', 's']],
  ] as const) {
    for (const text of texts) {
      const accepts = new RegExp(pattern, 'u').test(text);
      if (accepts) assert.doesNotThrow(() => parse(text), text);
      else refuses(() => parse(text), text);
    }
  }
});

test('an error names the place it is given', () => {
  const at = { file: 'pod.yaml', line: 3, col: 9 };
  assert.throws(
    () => parseBytes('x', at),
    (error) => error instanceof PodError && error.at === at,
  );
});

test('bytes are shown with the suffix that loses nothing', () => {
  const cases: readonly (readonly [bigint, string])[] = [
    [0n, '0'],
    [1000n, '1000'],
    [1024n, '1Ki'],
    [1536n << 20n, '1536Mi'],
    [1n << 30n, '1Gi'],
    [(1n << 30n) + 1n, '1073741825'],
  ];
  for (const [bytes, text] of cases) assert.equal(showBytes(bytes), text);
});
