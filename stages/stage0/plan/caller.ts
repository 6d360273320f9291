import type { CallerFacts, IdRange } from './facts.ts';

/** How many ids a normal user's pods have, from 0 on: his own is their root's. */
export function idCount({ uids, gids }: CallerFacts): number {
  const sum = (ranges: readonly IdRange[]): number => ranges.reduce((total, { count }) => total + count, 1);
  return Math.min(sum(uids), sum(gids));
}

/** A line of uid_map(5). */
export interface IdMapping {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** The first `size` of them: the caller's own, then his ranges one after another. */
export function mappingsOf(own: number, ranges: readonly IdRange[], size: number): IdMapping[] {
  const mappings: IdMapping[] = [{ inside: 0, outside: own, count: 1 }];
  let inside = 1;
  for (const { first, count } of ranges) {
    const taken = Math.min(count, size - inside);
    if (taken > 0) mappings.push({ inside, outside: first, count: taken });
    inside += Math.max(taken, 0);
  }
  return mappings;
}
