import {
  AF_UNIX,
  AT_FDCWD,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../linux/constants.ts';
import { unixAddress } from '../../linux/socket.ts';
import { sym, type Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';

/**
 * Space for the monitor's final record, for each app's count of lost log output, and for where the journal begins. Allocated before
 * anything starts.
 */
const FINAL_BYTES = 512;
const DROPPED_BYTES = 64;
/** A socket path has at most 107 bytes, and the path of the pod's directory may be longer, so it is addressed by descriptor. */
const POD_DIR_FD = 900;
const BACKLOG = 16;

/** On the leaves tape: opens the pod's directory, journal, log directory and control socket, whose descriptors init gets. */
export function planPodFiles(leaves: Tape, at: Position, userns: boolean, apps: number): void {
  const { program } = leaves;
  const podDir = program.reg('podDir');
  const open = { at, why: 'open the pod directory' };
  leaves.call('openat', [AT_FDCWD, leaves.text([sym('podDir')]), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0], {
    ...open,
    out: podDir,
  });
  planJournal(leaves, at, apps);
  planLogDirectory(leaves, at, userns);
  planControlSocket(leaves, at);
}

function planJournal(leaves: Tape, at: Position, apps: number): void {
  const { program } = leaves;
  const podDir = program.reg('podDir');
  const events = { at, why: "create the pod's journal" };
  const final = { at, why: "allocate the pod's final record" };
  // Readable as well: init reads the lines it repeats after shortening the journal, and the monitor reads what init wrote.
  const flags = O_RDWR | O_CREAT | O_CLOEXEC;
  leaves.call('openat', [podDir, leaves.text('events'), flags | O_APPEND, 0o600], {
    ...events,
    out: program.reg('events'),
    handOver: true,
  });
  leaves.call('openat', [podDir, leaves.text('final'), flags, 0o600], {
    ...final,
    out: program.reg('final'),
    handOver: true,
  });
  const places = `{}${' '.repeat(FINAL_BYTES - 3)}\n${`${' '.repeat(DROPPED_BYTES - 1)}\n`.repeat(apps + 1)}`;
  leaves.call('write', [program.reg('final'), leaves.text(places), places.length], final);
}

/** Owned by the pod's root, so that init can make and rotate the log files without further privileges. */
function planLogDirectory(leaves: Tape, at: Position, userns: boolean): void {
  const { program } = leaves;
  const podDir = program.reg('podDir');
  const reason = { at, why: 'make the log directory' };
  const logs = leaves.text('logs');
  leaves.call('mkdirat', [podDir, logs, 0o700], reason);
  if (userns) leaves.call('fchownat', [podDir, logs, sym('uidBase'), sym('uidBase'), 0], reason);
  leaves.call('openat', [podDir, logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0], {
    ...reason,
    out: program.reg('logs'),
    handOver: true,
  });
}

/**
 * A socket in the file system with mode 0600. An abstract socket would be reachable by everyone in the same network namespace
 * (CVE-2020-15257).
 */
function planControlSocket(leaves: Tape, at: Position): void {
  const { program } = leaves;
  const control = program.reg('control');
  const reason = { at, why: 'make the control socket' };
  const address = unixAddress(`/proc/self/fd/${POD_DIR_FD}/control`);
  leaves.call('dup3', [program.reg('podDir'), POD_DIR_FD, O_CLOEXEC], reason);
  leaves.call('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | O_NONBLOCK, 0], {
    ...reason,
    out: control,
    handOver: true,
  });
  leaves.call('bind', [control, leaves.bytes(address), address.length], reason);
  leaves.call('fchmodat', [program.reg('podDir'), leaves.text('control'), 0o600], reason);
  leaves.call('listen', [control, BACKLOG], reason);
  leaves.call('close', [POD_DIR_FD], reason);
}

/** The last op before the exit is reported: from here on the pod is in `exited`. */
export function planArchive(cleanup: Tape, at: Position): void {
  const from = cleanup.text([sym('root'), '/pods/run/', sym('uuid')]);
  const to = cleanup.text([sym('root'), '/pods/exited/', sym('uuid')]);
  cleanup.call('renameat', [AT_FDCWD, from, AT_FDCWD, to], { at, why: 'move the pod to the exited ones' });
}
