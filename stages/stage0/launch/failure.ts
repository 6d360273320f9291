import { errnoMessage, type ErrnoName, errnoName } from '../../linux/errno.ts';
import { signalName } from '../../linux/signals.ts';
import type { Message } from '../../stage1/message.ts';
import type { Program } from '../../tape/program.ts';
import { type ErrorCode, PodError, type Position } from '../error.ts';

const NOT_FOUND: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR']);

function codeFor(call: string, errno: string): ErrorCode {
  if (call !== 'execve') return 'pod/start-failed';
  return NOT_FOUND.has(errno) ? 'pod/command-not-found' : 'pod/command-not-runnable';
}

/** EROFS can have no other cause here: nothing else of an app's root is read-only before the launch makes it so. */
const NO_WORK_DIRECTORY =
  'overlayfs is read-only if it could not create its work directory: there is no space left on device, or the state directory is on a read-only file system';

const OTHER_KIND =
  'a directory can be mounted only on a directory, and a file only on a file: the existing path is of the other kind';

const FOREIGN_ID = 'the id is outside of the pod\'s ids: "userns: {size: N}" sets how many there are, 65536 by default';

const FROM_OTHERS =
  'settings that take from others need "userns: host" and the privilege of root on the host (CAP_SYS_NICE)';

const HINTS: Readonly<Record<string, string>> = {
  'execve ENOENT': 'the command, or the interpreter named by its first line or its ELF header, is not in the image',
  'execve EACCES': 'the file is not executable for the user of the app',
  'execve ENOEXEC': 'the file is not a program for this machine, or a script without a "#!" line',
  'openat2 ENOENT': 'the path does not exist inside the app',
  'open_tree ENOENT': 'the path does not exist on this host',
  'mount_setattr EINVAL':
    'its file system cannot be mapped into a user namespace: use ext4, xfs, btrfs or tmpfs (Linux 6.3), or "userns: host"',
  'tape.check32 ENOENT': 'another program has removed it meanwhile, for example nft flush ruleset: start the pod again',
  'tape.check32 EXFULL': 'a bridge has at most 1023 ports: more pods need another state directory (--root)',
  'mkdirat EROFS': NO_WORK_DIRECTORY,
  'openat EROFS': NO_WORK_DIRECTORY,
  'move_mount EINVAL': OTHER_KIND,
  'move_mount ENOTDIR': OTHER_KIND,
  'setresuid EINVAL': FOREIGN_ID,
  'setresgid EINVAL': FOREIGN_ID,
  'setgroups EINVAL': FOREIGN_ID,
  'setpriority EACCES': FROM_OTHERS,
  'ioprio_set EPERM': FROM_OTHERS,
  'sched_setscheduler EPERM': `${FROM_OTHERS}, and are never granted in cgroup version 1 if the kernel has CONFIG_RT_GROUP_SCHED`,
  'tape.equal ESTALE': 'the existing object is not of the expected kind',
};

/** Turns stage1's report, the indices of a tape and an op, into the purpose and the manifest line of that op. */
export function launchFailure(program: Program, message: Message, fallback: Position): PodError {
  const tape = program.tapes[message.a];
  const op = tape?.ops[message.b];
  const errno = errnoName(message.c);
  if (!op) {
    return new PodError(
      'pod/start-failed',
      `make a process for ${tape?.options.app ?? 'the pod'}: ${errnoMessage(message.c)}`,
      {
        at: fallback,
        hint: `clone3 failed with ${errno}`,
      },
    );
  }
  const text = `${op.why ?? op.call}: ${errnoMessage(message.c)}`;
  return new PodError(codeFor(op.call, errno), text, {
    at: op.at ?? fallback,
    hint: op.hint ?? op.hints?.[errno as ErrnoName] ?? HINTS[`${op.call} ${errno}`] ?? `${op.call} said ${errno}`,
  });
}

/** Part of the network had been removed, and the next start will make it anew. The launch's own error would not help the user. */
export function launchOnBrokenNetwork(bridge: string, error: unknown): unknown {
  if (!(error instanceof PodError && error.code === 'pod/start-failed')) return error;
  const message = `start the pod: another program had removed the bridge network "${bridge}" or its firewall (${error.message})`;
  const hint = 'nft flush ruleset does that. pod has created it again, also for running pods: start the pod again';
  return new PodError('network/failed', message, { at: error.at, hint, cause: error });
}

/** Init or the monitor was killed. `signal`: the signal that killed init, if the monitor reported it. */
export function launchDeath(name: string, signal: number | undefined, at: Position): PodError {
  const how = signal
    ? `its init was killed by ${signalName(String(signal)) ?? `signal ${signal}`}`
    : 'it died before it could report a reason';
  const hint = 'the kernel kills it when memory runs out (see dmesg), or a process with the right to signal it did';
  return new PodError('pod/died', `start pod "${name}": ${how}`, { at, ...(signal ? { hint } : {}) });
}
