import type { Findings, HostFacts } from '../plan/facts.ts';

/** What an isolator's own `look` asked for. */
export function findingOf<Kind extends keyof Findings>(host: HostFacts, kind: Kind, path: string): Findings[Kind] {
  const found = host.looked[`${kind} ${path}`];
  if (found === undefined) throw new Error(`nobody looked for the ${kind} of ${path}`);
  return found as Findings[Kind];
}
