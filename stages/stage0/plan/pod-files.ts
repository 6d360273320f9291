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
  O_WRONLY,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from '../../linux/constants.ts';
import { unixAddress } from '../../linux/socket.ts';
import { sym, type Tape } from '../../tape/program.ts';
import type { Position } from '../error.ts';

/** Room for the monitor's last word, for what each app's log lost and for where the journal begins, taken from the disk before anything starts. */
const FINAL_BYTES = 512;
const DROPPED_BYTES = 64;
/** A socket's path has at most 107 bytes, the pod's directory may have more. */
const POD_DIR_FD = 900;
const BACKLOG = 16;

/** On the host tape: the pod's directory, journal, log directory and control socket, as descriptors that init keeps. */
export function planPodFiles(host: Tape, at: Position, userns: boolean, apps: number): void {
  const { program } = host;
  const podDir = program.reg('podDir');
  const open = { at, why: 'open the pod directory' };
  host.call('openat', [AT_FDCWD, host.text([sym('podDir')]), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0], {
    ...open,
    out: podDir,
  });
  planJournal(host, at, apps);
  planLogDirectory(host, at, userns);
  planControlSocket(host, at);
}

function planJournal(host: Tape, at: Position, apps: number): void {
  const { program } = host;
  const podDir = program.reg('podDir');
  const events = { at, why: "create the pod's journal" };
  const final = { at, why: "allocate the pod's final record" };
  const flags = O_WRONLY | O_CREAT | O_CLOEXEC;
  // init reads what it has to say again.
  host.call('openat', [podDir, host.text('events'), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o600], {
    ...events,
    out: program.reg('events'),
  });
  host.call('openat', [podDir, host.text('final'), flags, 0o600], { ...final, out: program.reg('final') });
  const places = `{}${' '.repeat(FINAL_BYTES - 3)}\n${`${' '.repeat(DROPPED_BYTES - 1)}\n`.repeat(apps + 1)}`;
  host.call('write', [program.reg('final'), host.text(places), places.length], final);
}

/** Owned by the pod's root: init makes and rotates the log files with no more rights than that. */
function planLogDirectory(host: Tape, at: Position, userns: boolean): void {
  const { program } = host;
  const podDir = program.reg('podDir');
  const reason = { at, why: 'make the log directory' };
  const logs = host.text('logs');
  host.call('mkdirat', [podDir, logs, 0o700], reason);
  if (userns) host.call('fchownat', [podDir, logs, sym('uidBase'), sym('uidBase'), 0], reason);
  host.call('openat', [podDir, logs, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0], { ...reason, out: program.reg('logs') });
}

/** In the file system and 0600, never abstract: those are shared with whoever shares the network namespace (CVE-2020-15257). */
function planControlSocket(host: Tape, at: Position): void {
  const { program } = host;
  const control = program.reg('control');
  const reason = { at, why: 'make the control socket' };
  const address = unixAddress(`/proc/self/fd/${POD_DIR_FD}/control`);
  host.call('dup3', [program.reg('podDir'), POD_DIR_FD, O_CLOEXEC], reason);
  host.call('socket', [AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | O_NONBLOCK, 0], { ...reason, out: control });
  host.call('bind', [control, host.bytes(address), address.length], reason);
  host.call('fchmodat', [program.reg('podDir'), host.text('control'), 0o600], reason);
  host.call('listen', [control, BACKLOG], reason);
  host.call('close', [POD_DIR_FD], reason);
}

/** The last op before the exit is told: from here on the pod is an exited one. */
export function planArchive(cleanup: Tape, at: Position): void {
  const from = cleanup.text([sym('root'), '/pods/run/', sym('uuid')]);
  const to = cleanup.text([sym('root'), '/pods/exited/', sym('uuid')]);
  cleanup.call('renameat', [AT_FDCWD, from, AT_FDCWD, to], { at, why: 'move the pod to the exited ones' });
}
