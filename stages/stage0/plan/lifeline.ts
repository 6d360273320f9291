// fcntl(2), signal(7), unix(7)

import { F_SETFL, F_SETOWN, O_ASYNC } from '../../linux/signal-io.ts';
import type { Tape } from '../../tape/program.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { requireSignal } from './signals.ts';

/** HANDOFF_FD of state.h. */
export const HANDOFF_FD = 3;

/**
 * The pod ends when the other end of the hand-off socket closes; a single process holds that end. The kernel then sends SIGIO to
 * the monitor, and init is killed. The monitor sends itself the first SIGIO, in case the other end has closed already.
 */
export function planLifeline(host: Tape, at: PodSpec['at']): void {
  const monitor = host.program.reg('monitor');
  const reason = { at, why: 'be told when the process that wants the pod has ended' };
  host.call('getpid', [], { ...reason, out: monitor });
  host.call('fcntl', [HANDOFF_FD, F_SETOWN, monitor], reason);
  host.call('fcntl', [HANDOFF_FD, F_SETFL, O_ASYNC], reason);
  host.call('kill', [monitor, requireSignal('SIGIO')], reason);
}
