// CNI specification 1.0.0; execve(2)

import { dirname } from 'node:path';
import { SIG_SETMASK } from '../../linux/signals.ts';
import { AT_FDCWD, O_RDWR } from '../../linux/constants.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { sym, type Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';
import { planNetworkInside } from '../network/plan-network.ts';
import type { NetworkPlan } from '../plan/types.ts';
import { distDir } from './dist.ts';
import type { InsideTask } from './inside-tasks.ts';
import { ANSWER_FD } from './inside-answer.ts';
import { planHandshake } from './plan-handshake.ts';

/**
 * The plugins are called by stage0 while the monitor waits on the link tape: init is in its namespace, and has run nothing of the pod
 * yet. When the pod has ended there may be no stage0, so the monitor becomes one.
 */
export function planCni(at: Position): NetworkPlan {
  return {
    planLink: (link) => planHandshake(link, at, link.program.reg('initPid')),
    planInside: (network) => planNetworkInside(network, { mode: 'none', at }),
    planSettle: () => {},
    planEnd: (settle) => planDisconnect(settle, at),
  };
}

/** If Node is not there any more, pod gc does it. */
function planDisconnect(settle: Tape, at: Position): void {
  const reason = { at, why: 'take the pod off its network' };
  const { program } = settle;
  const answer = program.reg('answer');
  settle.call('openat', [AT_FDCWD, settle.text('/dev/null'), O_RDWR, 0], { ...reason, out: answer });
  settle.call('dup3', [answer, ANSWER_FD, 0], { ...reason, tolerate: ['EINVAL'] });
  settle.call('rt_sigprocmask', [SIG_SETMASK, settle.buffer(8), 0, 8], reason);
  const words = [sym('node'), sym('podCommand'), 'inside', sym('disconnectTask')].map((word) => settle.text([word]));
  const argv = settle.bytes([...words, new Uint8Array(8)]);
  const tolerate = ['ENOENT', 'EACCES'] as const;
  settle.call('execve', [settle.text([sym('node')]), argv, settle.bytes([new Uint8Array(8)])], { ...reason, tolerate });
}

export function endBindings(root: string, uuid: string): Bindings {
  const task: InsideTask = { kind: 'disconnect', root, uuid };
  return {
    node: process.execPath,
    podCommand: `${dirname(distDir())}/bin/pod.cjs`,
    disconnectTask: JSON.stringify(task),
  };
}
