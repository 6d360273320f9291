import { PodError } from '../error.ts';
import { nearest } from '../pod/nearest.ts';
import type { Invocation } from './verb.ts';

/** What a verb does by its first operand, as in `pod image ls`. `rest`: the operands after the word. */
export type Part = (invocation: Invocation, rest: readonly string[]) => Promise<number>;

export type Parts<P = Part> = Readonly<Record<string, () => Promise<P>>>;

/** Throws when `word` is missing or is none of them. */
export function loadPart<P>(verb: string, parts: Parts<P>, word: string | undefined): Promise<P> {
  const words = Object.keys(parts);
  if (word === undefined) throw new PodError('cli/usage', `what to do is missing: ${words.join(', ')}`);
  if (Object.hasOwn(parts, word)) return parts[word]!();
  const near = nearest(word, words);
  const hint = near === undefined ? `there are ${words.join(', ')}` : `did you mean "${near}"?`;
  throw new PodError('cli/usage', `unknown "pod ${verb} ${word}"`, { hint });
}
