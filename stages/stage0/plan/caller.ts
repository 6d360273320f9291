import type { CallerFacts, IdRange } from './facts.ts';

/** The number of ids for a normal user's pods, from 0 on. The user's own id is root in the pods. */
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

/** Maps the first `size` ids: the caller's own, then the caller's ranges one after another. */
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
