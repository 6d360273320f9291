// sendto(2), read(2)

import { MSG_NOSIGNAL } from '../../linux/constants.ts';
import type { Program, Reg, Tape } from '../../tape/program.ts';
import type { NetworkSpec } from '../manifest/spec.ts';
import { isHeld } from '../network/plan-network.ts';

const WHY = 'wait until the pod before has gone';
/** The process that waited for the pod may have given up or ended. */
const GONE = ['EPIPE', 'ECONNRESET'] as const;

/** Given with the tape of a pod that is held back: see `environment/gate.ts`. */
export function gateReg(program: Program): Reg {
  return program.reg('gate');
}

/** Last on the pod tape, before any app: init reports that everything is ready, then waits for the gate to open. */
export function planGate(pod: Tape, network: NetworkSpec): void {
  if (!isHeld(network)) return;
  const { at } = network;
  const gate = gateReg(pod.program);
  const byte = pod.buffer(8);
  pod.call('sendto', [gate, byte, 1, MSG_NOSIGNAL, 0, 0], { at, why: WHY, tolerate: GONE });
  pod.call('read', [gate, byte, 1], { at, why: WHY, tolerate: GONE });
  pod.call('close', [gate], { at, why: WHY });
}

/** The monitor closes its copy once init has inherited the descriptor. */
export function planCloseGate(attach: Tape, network: NetworkSpec): void {
  if (isHeld(network)) attach.call('close', [gateReg(attach.program)], { at: network.at, why: WHY });
}
