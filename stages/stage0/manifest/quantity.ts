// Quantities as appc and Kubernetes write them (`500m` of a core, `64Mi`), and durations. All arithmetic is exact: a value
// that does not come out as a whole number of the canonical unit is refused, never rounded.

import { PodError, type Position } from '../error.ts';

/** For JSON Schemas: what `parseMillicores` accepts, apart from its bounds. */
export const CPU_PATTERN = '^[0-9]+(\\.[0-9]+)?m?$';
/** For JSON Schemas: what `parseBytes` accepts, apart from its bounds. */
export const BYTES_PATTERN = '^[0-9]+(\\.[0-9]+)?([kMGTPE]|[KMGTPE]i)?$';
/** For JSON Schemas: what `parseDurationMs` accepts, apart from its bounds. */
export const DURATION_PATTERN = '^[0-9]+(ms|s|m|h)$';

/** What the patterns mean, for messages about text that does not match one. */
export const PATTERN_MEANINGS: ReadonlyMap<string, string> = new Map([
  [CPU_PATTERN, 'a cpu quantity: cores, or thousandths of one, as in "0.5" or "500m"'],
  [BYTES_PATTERN, 'a size: bytes, or a number with k, M, G or Ki, Mi, Gi, as in "64Mi"'],
  [DURATION_PATTERN, 'a duration: a number and a unit, as in "500ms", "10s" or "5m"'],
]);

const MULTIPLIERS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['k', 10n ** 3n],
  ['M', 10n ** 6n],
  ['G', 10n ** 9n],
  ['T', 10n ** 12n],
  ['P', 10n ** 15n],
  ['E', 10n ** 18n],
  ['Ki', 1n << 10n],
  ['Mi', 1n << 20n],
  ['Gi', 1n << 30n],
  ['Ti', 1n << 40n],
  ['Pi', 1n << 50n],
  ['Ei', 1n << 60n],
]);

const DURATION_UNITS_MS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/** The kernel's own bound: sizes are signed 64-bit numbers (loff_t). */
const MAX_BYTES = 2n ** 63n - 1n;
/** poll(2) takes its timeout as an int of milliseconds: 24 days. */
const MAX_DURATION_MS = 2 ** 31 - 1;
/** More digits than any bounded value needs; keeps the arithmetic on hostile input short. */
const MAX_LENGTH = 64;

const CPU = /^([0-9]+)(?:\.([0-9]+))?(m?)$/;
const BYTES = /^([0-9]+)(?:\.([0-9]+))?([kMGTPE]|[KMGTPE]i)?$/;
const DURATION = /^([0-9]+)(ms|s|m|h)$/;

/** Exact, with the largest suffix of a power of 1024 that fits: `1Gi` for 1073741824, and `1000` for 1000. */
export function showBytes(bytes: bigint): string {
  const fits = [...MULTIPLIERS].filter(([suffix, factor]) => suffix.endsWith('i') && bytes % factor === 0n);
  const [suffix, factor] = (bytes > 0n ? fits.at(-1) : undefined) ?? ['', 1n];
  return `${bytes / factor}${suffix}`;
}

/** Thousandths of a core: `500m` is 500, `1.5` is 1500. Throws `manifest/schema` at `at`. */
export function parseMillicores(value: string | number, at?: Position): number {
  const match = matchShort(CPU, value);
  if (!match)
    throw refuse('cpu quantity', value, 'is not one', `write cores, "2" or "0.5", or thousandths of one, "500m"`, at);
  const millicores = scale(match[1]!, match[2] ?? '', match[3] === 'm' ? 1n : 1000n);
  if (millicores === undefined) {
    throw refuse('cpu quantity', value, 'is finer than a thousandth of a core', 'the smallest step is "1m"', at);
  }
  if (millicores > Number.MAX_SAFE_INTEGER) throw refuse('cpu quantity', value, 'is too large', undefined, at);
  return Number(millicores);
}

/** Bytes: `64Mi` is 67108864n, `1.5k` is 1500n. Throws `manifest/schema` at `at`; nothing above 2^63 - 1 comes back. */
export function parseBytes(value: string | number, at?: Position): bigint {
  const match = matchShort(BYTES, value);
  if (!match) throw refuse('size', value, 'is not one', bytesHint(String(value)), at);
  const bytes = scale(match[1]!, match[2] ?? '', MULTIPLIERS.get(match[3] ?? '')!);
  if (bytes === undefined) throw refuse('size', value, 'is not a whole number of bytes', undefined, at);
  if (bytes > MAX_BYTES) throw refuse('size', value, 'is above the largest size, 2^63 - 1 bytes', undefined, at);
  return bytes;
}

/** Milliseconds: `500ms`, `10s`, `5m`, `1h`. Throws `manifest/schema` at `at`. */
export function parseDurationMs(value: string, at?: Position): number {
  const match = matchShort(DURATION, value);
  if (!match)
    throw refuse('duration', value, 'is not one', 'write a number and a unit: "500ms", "10s", "5m" or "1h"', at);
  const durationMs = Number(match[1]) * DURATION_UNITS_MS.get(match[2]!)!;
  if (durationMs > MAX_DURATION_MS) throw refuse('duration', value, 'is above the longest, 24 days', undefined, at);
  return durationMs;
}

function matchShort(pattern: RegExp, value: string | number): RegExpExecArray | null {
  const text = String(value);
  return text.length <= MAX_LENGTH ? pattern.exec(text) : null;
}

/** `whole.fraction * multiplier`, or undefined when that is not an integer. */
function scale(whole: string, fraction: string, multiplier: bigint): bigint | undefined {
  const scaled = BigInt(whole + fraction) * multiplier;
  const divisor = 10n ** BigInt(fraction.length);
  return scaled % divisor === 0n ? scaled / divisor : undefined;
}

function bytesHint(text: string): string {
  const units = 'write bytes, or a number with k, M, G, T (powers of 1000) or Ki, Mi, Gi, Ti (powers of 1024)';
  const lookalike = /^([0-9.]+) ?([kmgtKMGT])i?[bB]?$/.exec(text);
  if (!lookalike) return units;
  const letter = lookalike[2]!.toUpperCase();
  return `did you mean "${lookalike[1]}${letter}i"? ${units}`;
}

function refuse(
  what: string,
  value: string | number,
  problem: string,
  hint: string | undefined,
  at?: Position,
): PodError {
  const text = String(value);
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text;
  return new PodError('manifest/schema', `read a ${what}: "${shown}" ${problem}`, { hint, at });
}
