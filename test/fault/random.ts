/** The same numbers in every run of a test: a linear congruential generator. The result is below `limit`. */
export function newRandom(seed: number): (limit: number) => number {
  // Seeds that are near each other begin far from each other.
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** `count` of the items, in their order, or all of them when `POD_SWEEP=all` asks for the whole sweep. */
export function sample<T>(items: readonly T[], count: number, seed: number): T[] {
  if (process.env['POD_SWEEP'] === 'all' || items.length <= count) return [...items];
  const random = newRandom(seed);
  const left = items.map((_, index) => index);
  const chosen = Array.from({ length: count }, () => left.splice(random(left.length), 1)[0]!);
  return chosen.toSorted((a, b) => a - b).map((index) => items[index]!);
}
