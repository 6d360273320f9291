import type { VerbEntry } from './verb.ts';
import { VERBS } from './verbs.ts';

/** Called by pod itself, and in no list. */
const OWN: readonly VerbEntry[] = [
  { name: 'inside', group: 'Host', summary: '', failureCode: 1, load: () => import('./verbs/inside.ts') },
  { name: '__complete', group: 'Host', summary: '', failureCode: 1, load: () => import('./verbs/complete.ts') },
];

export function findVerb(name: string): VerbEntry | undefined {
  return [...VERBS, ...OWN].find((verb) => verb.name === name || verb.aliases?.includes(name));
}
