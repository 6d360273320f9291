import { SO_RCVTIMEO } from '../../linux/constants.ts';
import { SyscallError } from '../../linux/errno.ts';
import type { Fd } from '../../linux/fd.ts';
import { receiveWithFds, setTimeLimit } from '../../linux/socket.ts';
import { openSlave, setWindowSize } from '../../linux/terminal.ts';
import { decodeMessage, encodeMessage, MESSAGE_BYTES } from '../../stage1/message.ts';
import type { TerminalSize } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { sendControl } from './control.ts';
import { refusal } from './init-refusal.ts';
import { LOOK_MS, requireMoving } from './stopped-init.ts';

export interface PseudoTerminal {
  readonly master: Fd;
  readonly slave: Fd;
}

/** Opens both ends of a new pseudo-terminal inside the pod; the caller's own terminal never enters the pod. */
export function openTerminal(podDir: string, control: Fd, size: TerminalSize | undefined): PseudoTerminal {
  sendControl(control, encodeMessage({ type: 'pty' }));
  const bytes = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  const { fds, length } = receiveAnswer(podDir, control, bytes);
  if (length === 0) throw new PodError('pod/died', 'open a pseudo-terminal in the pod: it has just ended');
  const answer = decodeMessage(bytes);
  const master = fds[0];
  if (!master) throw refusal('open a pseudo-terminal in the pod', answer.c, 'pod/start-failed');
  try {
    if (size) resizeTerminal(master.number, size);
    return { master, slave: openSlave(master.number) };
  } catch (error) {
    master[Symbol.dispose]();
    throw error;
  }
}

export function closeTerminal(terminal: PseudoTerminal | undefined): void {
  terminal?.slave[Symbol.dispose]();
  terminal?.master[Symbol.dispose]();
}

function receiveAnswer(podDir: string, control: Fd, bytes: Uint8Array): { length: number; fds: Fd[] } {
  setTimeLimit(control.number, SO_RCVTIMEO, LOOK_MS);
  for (;;) {
    try {
      return receiveWithFds(control.number, bytes, 1);
    } catch (error) {
      if (!(error instanceof SyscallError && error.errnoName === 'EAGAIN')) throw error;
      requireMoving(podDir);
    }
  }
}

export function resizeTerminal(master: number, { columns, rows }: TerminalSize): void {
  setWindowSize(master, columns, rows);
}
