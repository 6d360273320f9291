import { existsSync, readFileSync } from 'node:fs';
import type { Fd } from '../linux/fd.ts';
import { memfd, sealedMemfd } from '../linux/memfd.ts';
import { openSealed } from '../linux/sealed.ts';
import { sendWithFds, socketPair } from '../linux/socket.ts';
import { spawnProcess } from '../linux/spawn.ts';
import { ARCH } from '../linux/arch.ts';
import { tryWait4 } from '../linux/wait.ts';
import { Channel } from './channel.ts';
import { encodeMessage } from './message.ts';
import type { OpenTransport } from './transport.ts';

/** HANDOFF_FD of state.h. */
const HANDOFF_FD = 3;

let sealed: Fd | undefined;

/** The file of this machine's stage1, beside the bundle. */
export function stage1Path(distDir: string): string {
  return `${distDir}/stage1-${ARCH}`;
}

/**
 * stage1 as seen through a read-only mount that exists nowhere but here: PID 1's /proc/1/exe is visible for the pod's whole
 * life, and what opens it for writing gets EROFS whatever its privileges in the pod (CVE-2019-5736). Once a process. A normal
 * user, who may not make mounts, gets a sealed copy in memory.
 */
function sealedBinary(distDir: string): Fd {
  if (sealed) return sealed;
  const path = stage1Path(distDir);
  if (!existsSync(path)) throw new Error(`stage1 is not built: "${path}" does not exist`);
  sealed = process.geteuid!() === 0 ? openSealed(path) : sealedMemfd('stage1', readFileSync(path));
  return sealed;
}

export interface Monitor {
  readonly pid: number;
  readonly channel: Channel;
}

const REAP_MS = 25;

/** libuv reaps only children it made itself. The monitor ends some ms after its channel; nothing waits for that. */
function reapLater(pid: number): void {
  if (tryWait4(pid) === 0) setTimeout(() => reapLater(pid), REAP_MS).unref();
}

export interface LaunchInput {
  readonly distDir: string;
  readonly tape: Uint8Array;
  /** Holds the pod's lock; the monitor and init inherit it. */
  readonly lockFd: number;
  /** Becomes the standard input of apps that take it. */
  readonly stdinFd: number;
  /** An open descriptor of /dev/null, for the monitor's own standard streams. */
  readonly nullFd: number;
  /** More descriptors, for the tape's first registers. */
  readonly given: readonly number[];
  readonly openTransport: OpenTransport;
}

/** Spawns the monitor and gives it the tape. From here on the pod runs without us. */
export function launchMonitor(input: LaunchInput): Monitor {
  const binary = sealedBinary(input.distDir);
  const [ours, theirs] = socketPair();
  let pid: number;
  try {
    // Before it is there, so that it has not to wait for the tape.
    using tape = memfd('tape', input.tape);
    const fds = [tape.number, input.lockFd, input.stdinFd, ...input.given];
    sendWithFds(ours.number, encodeMessage({ type: 'launch', fds: fds.length }), fds);
    pid = spawnProcess({
      path: `/proc/self/fd/${binary.number}`,
      argv: ['stage1'],
      fds: new Map([
        [0, input.nullFd],
        [1, input.nullFd],
        [2, input.nullFd],
        [HANDOFF_FD, theirs.number],
      ]),
    });
  } catch (error) {
    ours[Symbol.dispose]();
    throw error;
  } finally {
    theirs[Symbol.dispose]();
  }
  return { pid, channel: new Channel(input.openTransport(ours), () => reapLater(pid)) };
}
