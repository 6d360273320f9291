import type { Obj } from './outline-read.ts';
import { parseDurationMs } from './quantity.ts';
import type { RestartSpec } from './spec.ts';

// From the tenth of a second in which a hiccup is over to a minute; the pause of systemd's default and the cap of Kubernetes are
// its neighbours on either side. What ran for ten seconds has started, as docker has it.
const INITIAL_MS = 100;
const CAP_MS = 60_000;
const RESET_MS = 10_000;

/** Throws `manifest/schema` for what is no duration. A cap that is not written never makes the first pause shorter. */
export function backoffOf(backoff: Obj): RestartSpec['backoff'] {
  const duration = (key: string, standard: number): number => {
    const value = backoff[key];
    return typeof value === 'string' ? parseDurationMs(value) : standard;
  };
  const initialMs = duration('initial', INITIAL_MS);
  return { initialMs, capMs: duration('cap', Math.max(CAP_MS, initialMs)), resetMs: duration('reset', RESET_MS) };
}
