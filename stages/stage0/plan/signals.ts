import { signalNumber } from '../../linux/signals.ts';
import { PodError, type Position } from '../error.ts';

/** As `signalNumber`; a name that is none is an error for a person. */
export function requireSignal(name: string, at?: Position): number {
  const number = signalNumber(name);
  if (number !== undefined) return number;
  throw new PodError('manifest/schema', `look up signal "${name}": there is no signal of that name`, { at });
}
