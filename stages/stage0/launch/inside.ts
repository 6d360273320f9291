// execve(2), user_namespaces(7)

import { closeSync, createReadStream, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PR_SET_PDEATHSIG } from '../../linux/prctl.ts';
import { socketPair } from '../../linux/socket.ts';
import { ARCH } from '../../linux/syscall.ts';
import { launchMonitor } from '../../stage1/monitor.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import { encodeProgram } from '../../tape/encode.ts';
import { Program, type Tape } from '../../tape/program.ts';
import { PodError, PodErrors } from '../error.ts';
import type { ImageProgress } from '../image/types.ts';
import { idCount } from '../plan/caller.ts';
import type { CallerFacts } from '../plan/facts.ts';
import { distDir } from './dist.ts';
import type { InsideAnswer, InsideTask } from './inside-tasks.ts';
import { letIn } from './let-in.ts';
import { entryFor, planInto } from './plan-enter.ts';

/** Where the helper finds the socket it answers on. */
export const ANSWER_FD = 4;
const SIG_SETMASK = 2;
const SIGKILL = 9;

/**
 * Has a task done in a user namespace with all of the caller's ids: what belongs to several of them can only be made and removed
 * there. stage1 goes in, and becomes Node.
 */
export async function runInside(
  task: InsideTask,
  caller: CallerFacts,
  onProgress: (progress: ImageProgress) => void = () => {},
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
    const entry = entryFor(caller, idCount(caller));
    const message = entry && (await monitor.channel.next());
    if (entry && message?.type === 'entered') letIn(entry, monitor);
    await answerOf(ours.take(), onProgress);
  } finally {
    closeSync(nullFd);
    theirs[Symbol.dispose]();
    ours[Symbol.dispose]();
  }
}

function planHelper(task: InsideTask, caller: CallerFacts): Program {
  const program = new Program();
  const enter = program.tape({ purpose: 'enter' });
  const reason = { why: 'start the helper in the user namespace' };
  planInto(enter, caller, idCount(caller));
  // It is of no use to anybody when its caller is gone, and a ^C is meant for both.
  enter.call('prctl', [PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0], reason);
  enter.call('rt_sigprocmask', [SIG_SETMASK, enter.buffer(8), 0, 8], reason);
  enter.call('dup3', [program.reg('podStdin'), ANSWER_FD, 0], reason);
  const node = process.execPath;
  const command = `${dirname(distDir())}/bin/pod.cjs`;
  const argv = strings(enter, [node, command, 'inside', JSON.stringify(task)]);
  enter.call('execve', [enter.text(node), argv, strings(enter, [`PATH=${process.env['PATH'] ?? ''}`])], reason);
  return program;
}

function strings(tape: Tape, texts: readonly string[]): ReturnType<Tape['bytes']> {
  return tape.bytes([...texts.map((text) => tape.text(text)), new Uint8Array(8)]);
}

/** Lines of JSON; without a last word it did not get so far. */
async function answerOf(fd: number, onProgress: (progress: ImageProgress) => void): Promise<void> {
  let rest = '';
  let isDone = false;
  for await (const chunk of createReadStream('', { fd, encoding: 'utf8' })) {
    const lines = `${rest}${chunk as string}`.split('\n');
    rest = lines.pop()!;
    for (const line of lines) isDone = takeAnswer(JSON.parse(line) as InsideAnswer, onProgress) || isDone;
  }
  if (isDone) return;
  throw new PodError('host/refused', 'work in a user namespace of your ids: the helper ended before it could say why');
}

function takeAnswer(answer: InsideAnswer, onProgress: (progress: ImageProgress) => void): boolean {
  if (answer.kind === 'progress') onProgress(answer.progress);
  if (answer.kind === 'failed') {
    const errors = answer.errors.map(({ code, message, hint, at }) => new PodError(code, message, { hint, at }));
    throw errors.length === 1 ? errors[0]! : new PodErrors(errors);
  }
  return answer.kind === 'done';
}
