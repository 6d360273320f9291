// sendto(2), recvmsg(2), cmsg(3)

import { MSG_CMSG_CLOEXEC } from '../../linux/constants.ts';
import { u64 } from '../../linux/structs.ts';
import { encodeMessage, MESSAGE_BYTES } from '../../stage1/message.ts';
import { type DataRef, offset, type Reg, type Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import { HANDOFF_FD } from '../plan/lifeline.ts';
import { MESSAGE_A } from '../plan/removal.ts';

/**
 * Reports that the monitor is in its namespaces and waits for the answer. It comes when newuidmap(1) has written the maps and the
 * network is connected. The answer may carry a descriptor that only has to be held open; init inherits it. `pid`: a process to report.
 */
export function planHandshake(enter: Tape, at: Position | undefined, pid?: Reg): void {
  const what = pid ? 'plugins have connected the network' : 'ids are mapped and the network is connected';
  const reason = { at, why: `wait until ${what}` };
  const message = encodeMessage({ type: 'entered' });
  const answer = enter.buffer(MESSAGE_BYTES);
  const header = messageHeader(enter, answer, MESSAGE_BYTES, enter.buffer(CONTROL_BYTES), CONTROL_BYTES);
  const own = enter.bytes(pid ? message.slice() : message);
  if (pid) enter.call('tape.store32', [offset(own, MESSAGE_A), pid], reason);
  enter.call('sendto', [HANDOFF_FD, own, MESSAGE_BYTES, 0, 0, 0], reason);
  enter.call('recvmsg', [HANDOFF_FD, header, MSG_CMSG_CLOEXEC], reason);
  enter.call('tape.equal', [answer, enter.bytes(message), 8], reason);
}

/** Size of struct cmsghdr with one descriptor. */
const CONTROL_BYTES = 24;

/** struct msghdr with one struct iovec. */
function messageHeader(tape: Tape, data: DataRef, bytes: number, control: DataRef, controlBytes: number): DataRef {
  const vector = tape.bytes([data, u64(bytes)]);
  return tape.bytes([new Uint8Array(16), vector, u64(1), control, u64(controlBytes), new Uint8Array(8)]);
}
