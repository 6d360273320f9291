// YAML's core schema for scalars. The library's own tests a regular expression a tag on every scalar, which is a quarter of
// the time a manifest takes; most scalars are words, and a word's first letter tells.

import type { Scalar, ScalarTag } from 'yaml';

const WORDS: ReadonlyMap<string, boolean | null | number> = new Map<string, boolean | null | number>([
  ...['', '~', 'null', 'Null', 'NULL'].map((word) => [word, null] as const),
  ...['true', 'True', 'TRUE'].map((word) => [word, true] as const),
  ...['false', 'False', 'FALSE'].map((word) => [word, false] as const),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word) => [word, Infinity] as const),
  ...['-.inf', '-.Inf', '-.INF'].map((word) => [word, -Infinity] as const),
  ...['.nan', '.NaN', '.NAN'].map((word) => [word, Number.NaN] as const),
]);

const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;

/**
 * What a plain scalar means. Two additions to the core schema: `0400` is octal, as every shell and every tool of this field
 * reads it, and an integer that a double cannot hold keeps its text.
 */
function plainValue(source: string): unknown {
  const word = WORDS.get(source);
  if (word !== undefined) return word;
  const first = source.charCodeAt(0);
  // Digits, and what may stand before them: + - .
  const isNumeric = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e;
  return isNumeric ? numberValue(source) : source;
}

function numberValue(source: string): number | string {
  if (/^0o?[0-7]+$/.test(source)) return exact(Number.parseInt(source.replace('o', ''), 8), source);
  if (/^0x[0-9a-fA-F]+$/.test(source)) return exact(Number.parseInt(source, 16), source);
  if (INTEGER.test(source)) return exact(Number(source), source);
  return FLOAT.test(source) ? Number(source) : source;
}

function exact(value: number, source: string): number | string {
  return Number.isSafeInteger(value) ? value : source;
}

/** The value of a node the failsafe schema left as text; quoted and block text stays text. */
export function scalarValue(node: Scalar): unknown {
  if (node.type !== 'PLAIN' || node.tag !== undefined || typeof node.value !== 'string') return node.value;
  return plainValue(node.value);
}

/** `!!int 5` and the like: rare, so not worth a test of every scalar. */
export const EXPLICIT_TAGS: ScalarTag[] = [
  explicitTag('null', (value) => value === null),
  explicitTag('bool', (value) => typeof value === 'boolean'),
  explicitTag('int', Number.isSafeInteger),
  explicitTag('float', (value) => typeof value === 'number'),
];

function explicitTag(name: string, accepts: (value: unknown) => boolean): ScalarTag {
  return {
    tag: `tag:yaml.org,2002:${name}`,
    resolve: (source, onError): unknown => {
      const value = plainValue(source);
      if (!accepts(value)) onError(`the value does not match its tag !!${name}`);
      return value;
    },
  };
}
