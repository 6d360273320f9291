// execve(2), user_namespaces(7)

import { closeSync, createReadStream, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PR_SET_PDEATHSIG } from '../../linux/prctl.ts';
import { socketPair } from '../../linux/socket.ts';
import { ARCH } from '../../linux/arch.ts';
import { launchMonitor } from '../../stage1/monitor.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import { encodeProgram } from '../../tape/encode.ts';
import { Program } from '../../tape/program.ts';
import { PodError, PodErrors } from '../error.ts';
import { REGISTRY_VARIABLES } from '../image/registry/variables.ts';
import type { ImageProgress } from '../image/types.ts';
import { idCount } from '../plan/caller.ts';
import type { CallerFacts } from '../plan/facts.ts';
import { planBecome } from './become.ts';
import { distDir } from './dist.ts';
import { ANSWER_FD } from './inside-answer.ts';
import type { InsideAnswer, InsideTask } from './inside-tasks.ts';
import { letIn } from './let-in.ts';
import { mapsFor, planInto } from './plan-enter.ts';

const SIGKILL = 9;

/**
 * Runs a task in a user namespace with all of the caller's ids: files that belong to several ids can only be made and removed
 * there. stage1 enters the namespace and executes Node. When the signal aborts, waits until the helper has cleaned up.
 */
export async function runInside(
  task: InsideTask,
  caller: CallerFacts,
  onProgress: (progress: ImageProgress) => void = () => {},
  signal?: AbortSignal,
): Promise<void> {
  const [ours, theirs] = socketPair();
  const nullFd = openSync('/dev/null', 'r+');
  try {
    const tape = encodeProgram(planHelper(task, caller), ARCH);
    const stdinFd = theirs.number;
    const openTransport = socketTransport;
    const monitor = launchMonitor({
      distDir: distDir(),
      tape,
      lockFd: nullFd,
      stdinFd,
      nullFd,
      given: [],
      openTransport,
    });
    using _channel = { [Symbol.dispose]: () => monitor.channel.close() };
    theirs[Symbol.dispose]();
    const maps = mapsFor(caller, idCount(caller));
    const message = maps && (await monitor.channel.next());
    if (maps && message?.type === 'entered') await letIn({ maps }, monitor);
    using _asking = askToEnd(monitor.pid, signal);
    await answerOf(ours.take(), onProgress);
  } finally {
    closeSync(nullFd);
    theirs[Symbol.dispose]();
    ours[Symbol.dispose]();
  }
}

/** It is in a session of its own: no ^C of a terminal reaches it. */
function askToEnd(pid: number, signal: AbortSignal | undefined): Disposable {
  const ask = (): void => {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It has just ended.
    }
  };
  if (signal?.aborted === true) ask();
  signal?.addEventListener('abort', ask);
  return { [Symbol.dispose]: () => signal?.removeEventListener('abort', ask) };
}

function planHelper(task: InsideTask, caller: CallerFacts): Program {
  const program = new Program();
  const enter = program.tape({ purpose: 'enter' });
  const reason = { why: 'start the helper in the user namespace' };
  planInto(enter, caller, { size: idCount(caller) });
  // The helper is useless without its caller.
  enter.call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0], reason);
  enter.call('dup3', [program.reg('podStdin'), ANSWER_FD, 0], reason);
  const command = `${dirname(distDir())}/bin/pod.cjs`;
  planBecome(enter, [process.execPath, command, 'inside', JSON.stringify(task)], reason.why, REGISTRY_VARIABLES);
  return program;
}

/** Reads lines of JSON. Without a final answer, the helper ended early. */
async function answerOf(fd: number, onProgress: (progress: ImageProgress) => void): Promise<void> {
  let rest = '';
  let isDone = false;
  for await (const chunk of createReadStream('', { fd, encoding: 'utf8' })) {
    const lines = `${rest}${chunk as string}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) isDone = takeAnswer(JSON.parse(line) as InsideAnswer, onProgress) || isDone;
  }
  if (isDone) return;
  throw new PodError(
    'host/refused',
    'work in a user namespace of your ids: the helper ended before it could report a reason',
  );
}

function takeAnswer(answer: InsideAnswer, onProgress: (progress: ImageProgress) => void): boolean {
  if (answer.kind === 'progress') onProgress(answer.progress);
  if (answer.kind === 'failed') {
    const errors = answer.errors.map(({ code, message, hint, at }) => new PodError(code, message, { hint, at }));
    throw errors.length === 1 ? errors[0]! : new PodErrors(errors);
  }
  return answer.kind === 'done';
}
