const DURATIONS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;
const SIZES = [
  ['Gi', 2 ** 30],
  ['Mi', 2 ** 20],
  ['Ki', 2 ** 10],
  ['', 1],
] as const;

function write(value: number, units: readonly (readonly [string, number])[]): string {
  const [unit, size] = units.find(([, candidate]) => value >= candidate && value % candidate === 0) ?? units.at(-1)!;
  return `${value / size}${unit}`;
}

/** Converts the normal form to manifest notation: `graceMs: 10000` is `grace: 10s`, `sizeBytes: 1024` is `size: 1Ki`. */
export function withUnits(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnits);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => nameUnit(key, item)));
}

function nameUnit(key: string, item: unknown): readonly [string, unknown] {
  if (typeof item !== 'number') return [key, withUnits(item)];
  if (/[a-z]Ms$/.test(key)) return [key.slice(0, -'Ms'.length), write(item, DURATIONS)];
  if (/[a-z]Bytes$/.test(key)) return [key.slice(0, -'Bytes'.length), write(item, SIZES)];
  return [key, item];
}
