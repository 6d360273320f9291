import { signalNumber } from '../../linux/signals.ts';
import { PodError, type Position } from '../error.ts';

/** As `signalNumber`, but throws `PodError` for an unknown name. */
export function requireSignal(name: string, at?: Position): number {
  const number = signalNumber(name);
  if (number !== undefined) return number;
  throw new PodError('manifest/schema', `look up signal "${name}": there is no signal of that name`, { at });
}
