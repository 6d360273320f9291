/** The same numbers in every run of a test: a linear congruential generator. The result is below `limit`. */
export function newRandom(seed: number): (limit: number) => number {
  // Seeds that are near each other begin far from each other.
  let state = Math.imul(seed, 2_654_435_761) >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** POD_SWEEP: `all` asks for the whole sweep, `3/20` for the third of twenty parts of it. */
const SWEEP = process.env['POD_SWEEP'] ?? '';
const SLICE = /^([1-9]\d*)\/([1-9]\d*)$/.exec(SWEEP);
if (SWEEP !== '' && SWEEP !== 'all' && !SLICE) throw new Error(`POD_SWEEP is "${SWEEP}", and neither all nor N/M`);

/** Every point belongs to the sweep, or to this part of it. */
export const isWholeSweep: boolean = SWEEP !== '';

/** `count` of the items, in their order; or all of them, or a part of all, as POD_SWEEP says. */
export function sample<T>(items: readonly T[], count: number, seed: number): T[] {
  if (SLICE) return items.filter((_, index) => index % Number(SLICE[2]) === Number(SLICE[1]) - 1);
  if (isWholeSweep || items.length <= count) return [...items];
  const random = newRandom(seed);
  const left = items.map((_, index) => index);
  const chosen = Array.from({ length: count }, () => left.splice(random(left.length), 1)[0]!);
  return chosen.toSorted((a, b) => a - b).map((index) => items[index]!);
}
