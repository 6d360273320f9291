/** Where JSON is not well-formed. Line and column count from 1. */
export interface JsonFault {
  readonly line: number;
  readonly col: number;
  readonly message: string;
}

/**
 * The first character that no JSON has there; undefined for well-formed text. V8 does not always say the position, but a text that
 * is cut off before it only lacks its end.
 */
export function findJsonFault(text: string): JsonFault | undefined {
  const whole = parseFault(text);
  if (whole === undefined) return undefined;
  let [good, bad] = [0, text.length];
  while (good < bad) {
    const middle = (good + bad + 1) >> 1;
    if (lacksOnlyItsEnd(text.slice(0, middle))) good = middle;
    else bad = middle - 1;
  }
  const lines = text.slice(0, good).split('\n');
  const message = good === text.length ? 'it ends too early' : `unexpected ${JSON.stringify(text[good])}`;
  return { line: lines.length, col: lines.at(-1)!.length + 1, message };
}

function lacksOnlyItsEnd(text: string): boolean {
  const fault = parseFault(text);
  if (fault === undefined || /^Unexpected end|^Unterminated string/.test(fault)) return true;
  return Number(/ at position (\d+)/.exec(fault)?.[1] ?? -1) >= text.length;
}

function parseFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
