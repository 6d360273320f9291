import { readdirSync, type Stats, statSync } from 'node:fs';

export interface Visited {
  /** Absolute, by the way it was reached. */
  readonly path: string;
  readonly stat: Stats;
}

/** More than any folder of manifests has; what is beyond is not looked at. */
const MAX_VISITS = 20_000;

/** What editors and programs leave beside files for a moment; `pod apply` does not read what begins with a dot either. */
const TRANSIENT = /^[.#]|~$|^4913$/;

/** All files and folders below, links followed, each folder once. What goes while it is looked at was not there. */
export function* walk(dir: string): Generator<Visited> {
  const seen = new Set<string>();
  const waiting = [dir];
  let visits = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat || ++visits > MAX_VISITS) continue;
    if (stat.isDirectory()) {
      const id = `${stat.dev}:${stat.ino}`;
      if (seen.has(id)) continue;
      seen.add(id);
      waiting.push(...namesIn(path).map((name) => `${path}/${name}`));
    }
    yield { path, stat };
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => !TRANSIENT.test(name))
      .toSorted()
      .toReversed();
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return [];
    throw error;
  }
}
