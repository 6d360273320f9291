import { errnoMessage, errnoName } from '../../linux/errno.ts';
import { LIMITS } from '../../tape/format.ts';
import { type ErrorCode, PodError } from '../error.ts';
import { NoRoom } from './room.ts';

const REASONS: Readonly<Record<string, readonly [problem: string, hint?: string]>> = {
  ESRCH: ['it does not run at the moment', '"pod status" says whether it has ended or waits for its next start'],
  EUSERS: ['too many commands and clients are in the pod at once', 'try again when one of them has ended'],
  E2BIG: ['it is too long', `its arguments and environment can be at most ${LIMITS.execTapeBytes / 1024} KiB together`],
  ESHUTDOWN: ['the pod is being stopped'],
};

/** Turns an errno with which init answered a request into an error. `attempt` names the request: `execute in app "db"`. */
export function refusal(attempt: string, errno: number, code: ErrorCode = 'pod/state'): PodError {
  const name = errnoName(errno);
  const [problem, hint] = REASONS[name] ?? [errnoMessage(errno)];
  return new (name === 'EUSERS' ? NoRoom : PodError)(code, `${attempt}: ${problem}`, { hint });
}
