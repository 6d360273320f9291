// fcntl(2), signal(7), unix(7)

import { F_SETFL, F_SETOWN, O_ASYNC } from '../../linux/signal-io.ts';
import type { Tape } from '../../tape/program.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { requireSignal } from './signals.ts';

/** HANDOFF_FD of state.h. */
export const HANDOFF_FD = 3;

/**
 * The pod lives no longer than the other end of the hand-off socket, which one process has: when the kernel closes that, it sends the
 * monitor SIGIO, and init is killed. The first SIGIO is the monitor's own, for an end that has come already.
 */
export function planLifeline(host: Tape, at: PodSpec['at']): void {
  const monitor = host.program.reg('monitor');
  const reason = { at, why: 'be told when the process that wants the pod has ended' };
  host.call('getpid', [], { ...reason, out: monitor });
  host.call('fcntl', [HANDOFF_FD, F_SETOWN, monitor], reason);
  host.call('fcntl', [HANDOFF_FD, F_SETFL, O_ASYNC], reason);
  host.call('kill', [monitor, requireSignal('SIGIO')], reason);
}
