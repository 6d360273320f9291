import { stringify } from 'yaml';
import { pick, type Random } from './manifest-grammar.ts';

const TOKENS = [
  '{',
  '}',
  '[',
  ']',
  ':',
  ': ',
  '- ',
  '\n',
  '  ',
  '"',
  "'",
  '&a ',
  '*a',
  '<<: *a\n',
  '? ',
  '|\n',
  '>-\n',
  '!!str ',
  '!!binary ',
  '!x ',
  '!!js/function ',
  '#',
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '\t',
  '\0',
  '\u001b',
  '\ufeff',
  '0400',
  '0o17',
  '-1',
  '1e309',
  '.nan',
  '.inf',
  '99999999999999999999',
  'null',
  'true',
  'yes',
  '~',
  '..',
  '/',
  '__proto__',
  '\ud800',
  '𝕏',
  '\r\n',
  '\u2028',
  '\\',
  '\\q',
  'a: &a [*a]\n',
  '{a: '.repeat(60),
  '- '.repeat(60),
];

/** A value as somebody would write it: JSON, or YAML in one of its styles. */
export function write(value: unknown, random: Random): string {
  if (random() < 0.3) return JSON.stringify(value);
  return stringify(value, {
    aliasDuplicateObjects: random() < 0.5,
    indent: pick(random, [2, 3, 4]),
    lineWidth: pick(random, [0, 40, 80]),
    ...(random() < 0.3 ? { defaultStringType: pick(random, ['QUOTE_DOUBLE', 'QUOTE_SINGLE'] as const) } : {}),
    ...(random() < 0.3 ? { collectionStyle: 'flow' as const } : {}),
  });
}

/** Lines twice, swapped or moved; text cut, repeated or replaced by what means something to YAML. */
export function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let count = 1 + Math.floor(random() ** 2 * 5); count > 0; count--)
    mutated = random() < 0.4 ? mutateLines(mutated, random) : mutateBytes(mutated, random);
  return mutated;
}

function mutateLines(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = Math.floor(random() * lines.length);
  const other = Math.floor(random() * lines.length);
  const kind = random();
  if (kind < 0.3) lines.splice(other, 0, lines[at]!);
  else if (kind < 0.5) lines.splice(at, 1);
  else if (kind < 0.7) [lines[at], lines[other]] = [lines[other]!, lines[at]!];
  else if (kind < 0.85) lines[at] = `${' '.repeat(Math.floor(random() * 6))}${lines[at]!.trimStart()}`;
  else lines[at] = lines[at]!.replace(/: /, pick(random, [': &a ', ': *a ', ': !x ', ':', ' : ', ': |']));
  return lines.join('\n');
}

function mutateBytes(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  const length = Math.floor(random() ** 3 * 60);
  const kind = random();
  if (kind < 0.35) return text.slice(0, at) + pick(random, TOKENS) + text.slice(at);
  if (kind < 0.6) return text.slice(0, at) + text.slice(at + length);
  if (kind < 0.8) return text.slice(0, at) + pick(random, TOKENS) + text.slice(at + length);
  if (kind < 0.9)
    return text.slice(0, at) + text.slice(at, at + length).repeat(1 + Math.floor(random() * 20)) + text.slice(at);
  return text.slice(0, at) + String.fromCharCode(Math.floor(random() * 65_536)) + text.slice(at + 1);
}
