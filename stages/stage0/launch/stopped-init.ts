// proc_pid_stat(5)

import type { Channel } from '../../stage1/channel.ts';
import type { Message } from '../../stage1/message.ts';
import { PodError } from '../error.ts';
import { readIfThere } from '../pod/files.ts';
import { findInitOf } from './find-init.ts';

/** How long init may take to answer before its state is checked. */
export const LOOK_MS = 1000;
const AGAIN_MS = 100;

/** Throws `pod/state` when init was stopped by a signal or a tracer: it would receive messages, but do nothing. */
export function requireMoving(podDir: string): void {
  const pid = findInitOf(podDir);
  if (pid === undefined) return;
  // The command's name is in parentheses and may itself contain any character.
  const stat = readIfThere(`/proc/${pid}/stat`) ?? '';
  const state = stat.charAt(stat.lastIndexOf(')') + 2);
  if (state !== 'T' && state !== 't') return;
  const how = state === 't' ? 'a debugger holds it' : 'it was stopped by a signal';
  throw new PodError('pod/state', `ask the init of the pod, process ${pid}: ${how}, and does not answer`, {
    hint:
      state === 't'
        ? 'when the debugger lets it continue, it processes the pending requests, except pod exec; pod rm --force ends the pod in any case'
        : `after kill -CONT ${pid} it processes the pending requests, except pod exec; pod rm --force ends the pod in any case`,
  });
}

/** The next message from init. Throws `pod/state` when init is stopped. The caller closes the channel. */
export async function nextAnswer(podDir: string, channel: Channel): Promise<Message | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const look = new Promise<never>((_, reject) => {
    // Checks twice: a tracer stops init for an instant at each system call.
    const again = (): void => void (timer = setTimeout(() => lookInto(podDir, reject), AGAIN_MS));
    timer = setTimeout(() => lookInto(podDir, again), LOOK_MS);
  });
  try {
    return await Promise.race([channel.next(), look]);
  } finally {
    clearTimeout(timer);
  }
}

function lookInto(podDir: string, onStopped: (error: Error) => void): void {
  try {
    requireMoving(podDir);
  } catch (error) {
    onStopped(error as Error);
  }
}
