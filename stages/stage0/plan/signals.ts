import { constants } from 'node:os';
import { PodError } from '../error.ts';

/** `SIGTERM`, `TERM` or `15` as a number; images write all three. */
export function signalNumber(name: string): number {
  if (/^\d+$/.test(name) && Number(name) >= 1 && Number(name) <= 64) return Number(name);
  const realtime = /^(?:SIG)?RTMIN(?:\+(\d+))?$/.exec(name);
  if (realtime) return 34 + Number(realtime[1] ?? 0);
  const known = constants.signals as Readonly<Record<string, number>>;
  const number = known[name] ?? known[`SIG${name}`];
  if (number === undefined)
    throw new PodError('manifest/schema', `look up signal "${name}": there is none of that name`);
  return number;
}
