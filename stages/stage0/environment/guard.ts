// recvfrom(2), execve(2), unix(7)

import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { PR_SET_NAME } from '../../linux/prctl.ts';
import { SIG_SETMASK } from '../../linux/signals.ts';
import { ARCH } from '../../linux/arch.ts';
import { encodeMessage, LET_GO } from '../../stage1/message.ts';
import { launchMonitor, type Monitor } from '../../stage1/monitor.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import { encodeProgram } from '../../tape/encode.ts';
import { offset, Program, type Tape } from '../../tape/program.ts';
import { distDir } from '../launch/dist.ts';
import { HANDOFF_FD } from '../plan/lifeline.ts';
import { MESSAGE_A, MESSAGE_BYTES } from '../plan/removal.ts';

/** Longer than any pod is kept, so that gc removes only what interrupted starts left. */
const NEVER = '1000000h';

/** Guards by state directory. */
const guards = new Map<string, Monitor>();
let starting = 0;

/**
 * A start claims names, ids and addresses some milliseconds before the pod's monitor takes over. If this process is killed in that
 * time, `pod gc` has to release the claims. A guard, which is a stage1 process, waits for this process to end and then executes
 * `pod gc`. There is one guard for each process and state directory; it exits with this process when no start is in progress.
 */
export async function guarded<Result>(root: string, start: () => Promise<Result>): Promise<Result> {
  if (!guards.has(root)) guards.set(root, launchGuard(root));
  starting++;
  try {
    return await start();
  } finally {
    starting--;
  }
}

function launchGuard(root: string): Monitor {
  if (guards.size === 0) process.on('exit', letGo);
  const nullFd = openSync('/dev/null', 'r+');
  try {
    const guard = launchMonitor({
      distDir: distDir(),
      tape: encodeProgram(planGuard(root), ARCH),
      lockFd: nullFd,
      stdinFd: nullFd,
      nullFd,
      given: [],
      openTransport: socketTransport,
    });
    guard.channel.ref(false);
    return guard;
  } finally {
    closeSync(nullFd);
  }
}

function letGo(): void {
  if (starting > 0) return;
  for (const { channel } of guards.values()) channel.send(encodeMessage({ type: 'letGo', a: LET_GO }));
}

function planGuard(root: string): Program {
  const program = new Program();
  const tape = program.tape({ purpose: 'enter' });
  const message = tape.buffer(MESSAGE_BYTES);
  const wait = { why: 'wait for the end of the process that starts pods' };
  tape.call('prctl', [PR_SET_NAME, tape.text('pod-guard'), 0, 0, 0], { why: 'be told from a pod’s monitor' });
  tape.call('chdir', [tape.text('/')], wait);
  tape.call('recvfrom', [HANDOFF_FD, message, MESSAGE_BYTES, 0, 0, 0], { ...wait, tolerate: ['ECONNRESET'] });
  tape.call('tape.check32', [offset(message, MESSAGE_A)], wait);
  planCollection(tape, root);
  return program;
}

function planCollection(tape: Tape, root: string): void {
  const why = { why: 'remove what interrupted starts left' };
  const pod = `${dirname(distDir())}/bin/pod.cjs`;
  const argv = [process.execPath, pod, 'gc', '--root', root, '--grace', NEVER, '--expire-prepared', NEVER];
  const end = new Uint8Array(8);
  tape.call('rt_sigprocmask', [SIG_SETMASK, tape.bytes(new Uint8Array(8)), 0, 8], why);
  const args = tape.bytes([...argv.map((word) => tape.text(word)), end]);
  tape.call('execve', [tape.text(process.execPath), args, tape.bytes(end)], why);
}
