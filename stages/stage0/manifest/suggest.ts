// What a person most likely meant.

/**
 * The nearest candidate: the same but for case, with a prefix left out (`TERM` for `SIGTERM`), the only one that goes on from there
 * or the shortest of a few, or a few letters away.
 */
export function suggest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 200) return undefined;
  const wanted = word.toLowerCase();
  return (
    candidates.find((candidate) => isSame(wanted, candidate.toLowerCase())) ??
    begun(wanted, candidates) ??
    nearest(wanted, candidates)
  );
}

function isSame(wanted: string, name: string): boolean {
  if (name === wanted || PREFIXES.some((prefix) => name === prefix + wanted)) return true;
  return wanted.length >= MIN_PART && /[_/:]/.test(name) && lastPart(name) === wanted;
}

const PREFIXES = ['sig', 'cap_'];
/** Fewer letters say too little. */
const MIN_PART = 3;
const FEW = 3;

function begun(wanted: string, candidates: readonly string[]): string | undefined {
  if (wanted.length < MIN_PART || wanted.endsWith('/')) return undefined;
  const longer = candidates.filter((candidate) =>
    ['', ...PREFIXES].some((prefix) => candidate.toLowerCase().startsWith(prefix + wanted)),
  );
  return longer.length > FEW ? undefined : longer.toSorted((a, b) => a.length - b.length)[0];
}

function nearest(wanted: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const name = candidate.toLowerCase();
    // A prefix both have says nothing: `resource/nope` is not `resource/cpu`.
    const shared = sharedFolder(wanted, name);
    const tolerated = Math.max(2, Math.floor((wanted.length - shared) / 3) + 1);
    const limit = Math.min(bestDistance, tolerated);
    const distance = editDistance(wanted.slice(shared), name.slice(shared), limit);
    if (distance >= limit) continue;
    bestDistance = distance;
    best = candidate;
  }
  return best;
}

/** `did you mean "x"?`, or the choices when there are few, or nothing. */
export function suggestionHint(word: string, candidates: readonly string[], what: string): string | undefined {
  const near = suggest(word, candidates);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (candidates.length === 0 || candidates.length > 30) return undefined;
  return `${what}: ${candidates.join(', ')}`;
}

function lastPart(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf(':')) + 1);
}

/** How long the part up to the last `/` is, if both begin with the same. */
function sharedFolder(a: string, b: string): number {
  const length = a.lastIndexOf('/') + 1;
  return a.slice(0, length) === b.slice(0, length) ? length : 0;
}

/** Letters to insert, delete, replace or swap with a neighbour; stops counting at `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      let distance = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (isSame ? 0 : 1));
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (isSwapped) distance = Math.min(distance, beforeLast[column - 2]! + 1);
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
