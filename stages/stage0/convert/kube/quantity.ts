// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/

const QUANTITY = /^\+?(\d+(?:\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][-+]?\d{1,2})?$/;
const MAX_LENGTH = 64;

const SUFFIXES: ReadonlyMap<string, readonly [base: bigint, exponent: number]> = new Map([
  ['n', [10n, -9]],
  ['u', [10n, -6]],
  ['m', [10n, -3]],
  ['k', [10n, 3]],
  ['M', [10n, 6]],
  ['G', [10n, 9]],
  ['T', [10n, 12]],
  ['P', [10n, 15]],
  ['E', [10n, 18]],
  ['Ki', [2n, 10]],
  ['Mi', [2n, 20]],
  ['Gi', [2n, 30]],
  ['Ti', [2n, 40]],
  ['Pi', [2n, 50]],
  ['Ei', [2n, 60]],
]);

/** An exact number: `numerator / denominator`. */
export interface Quantity {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** Undefined: not a quantity that a container can have. */
export function parseQuantity(value: unknown): Quantity | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value);
  const match = text.length <= MAX_LENGTH ? QUANTITY.exec(text) : null;
  if (!match) return undefined;
  const [whole = '', fraction = ''] = match[1]!.split('.');
  const suffix = match[2] ?? '';
  const [base, exponent] = SUFFIXES.get(suffix) ?? [10n, Number(suffix.slice(1))];
  const numerator = BigInt(whole + fraction);
  const denominator = 10n ** BigInt(fraction.length);
  const power = base ** BigInt(Math.abs(exponent));
  return exponent < 0 ? { numerator, denominator: denominator * power } : { numerator: numerator * power, denominator };
}

/** `quantity * factor` as a whole number; Kubernetes rounds up. */
export function scaleUp({ numerator, denominator }: Quantity, factor = 1n): bigint {
  return (numerator * factor + denominator - 1n) / denominator;
}
