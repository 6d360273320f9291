import {
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_PATH,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../linux/constants.ts';
import { openHow } from '../../linux/structs.ts';
import type { Reg, Tape, Text } from '../../tape/program.ts';
import type { Reason } from './mount-ops.ts';

/** Links of the image lead only to places inside its root, as for a process that runs there, and never through /proc. */
const INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

export function openInside(tape: Tape, root: Reg, path: string, flags: number, out: Reg, reason: Reason): void {
  const how = tape.bytes(openHow(flags | O_CLOEXEC, INSIDE));
  tape.call('openat2', [root, tape.text(path), how, 24], { ...reason, out });
}

function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

/** Calls `act` with a descriptor of each directory on the path and the name in it. */
function walk(
  tape: Tape,
  root: Reg,
  path: string,
  reason: Reason,
  act: (parent: Reg, name: string, last: boolean) => void,
): void {
  const parts = split(path);
  parts.forEach((name, i) => {
    const last = i === parts.length - 1;
    if (i === 0) {
      act(root, name, last);
      return;
    }
    const parent = tape.program.reg('parent');
    openInside(tape, root, parts.slice(0, i).join('/'), O_PATH | O_DIRECTORY, parent, reason);
    act(parent, name, last);
    tape.call('close', [parent], reason);
  });
}

function makeDir(tape: Tape, parent: Reg, name: string, reason: Reason, mode = 0o755): void {
  tape.call('mkdirat', [parent, tape.text(name), mode], { ...reason, tolerate: ['EEXIST'] });
}

/** Makes the missing directories of a path, resolving the image's links inside its root. */
export function ensureDirectory(tape: Tape, root: Reg, path: string, reason: Reason, mode?: number): void {
  walk(tape, root, path, reason, (parent, name) => makeDir(tape, parent, name, reason, mode));
}

/** Like `ensureDirectory` with an empty file at the end, to mount a file on. */
export function ensureFile(tape: Tape, root: Reg, path: string, reason: Reason): void {
  walk(tape, root, path, reason, (parent, name, last) => {
    if (!last) {
      makeDir(tape, parent, name, reason);
      return;
    }
    const made = tape.program.reg('made');
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    tape.call('openat', [parent, tape.text(name), flags, 0o644], { ...reason, out: made, tolerate: ['EEXIST'] });
    tape.call('close', [made], { ...reason, tolerate: ['EBADF'] });
  });
}

/** Makes a new file with that content in place of whatever is there; a link is replaced, never followed. */
export function replaceFile(tape: Tape, root: Reg, path: string, content: Text | Reg, reason: Reason): void {
  walk(tape, root, path, reason, (parent, name, last) => {
    if (!last) {
      makeDir(tape, parent, name, reason);
      return;
    }
    tape.call('unlinkat', [parent, tape.text(name), 0], { ...reason, tolerate: ['ENOENT'] });
    writeNewFile(tape, parent, name, content, reason);
  });
}

/** Copied at most; more than any file that is written here has. */
const COPY_BYTES = 1024 * 1024;

/** Creates a file and writes its whole content, or that of an open file. */
export function writeNewFile(tape: Tape, dir: Reg, name: string, content: Text | Reg, reason: Reason): void {
  const made = tape.program.reg('made');
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
  tape.call('openat', [dir, tape.text(name), flags, 0o644], { ...reason, out: made });
  if (typeof content === 'object' && 'kind' in content) {
    // From its start, whoever has read it before.
    tape.call('sendfile', [made, content, tape.buffer(8), COPY_BYTES], reason);
  } else if (content !== '') tape.call('write', [made, tape.text(content), tape.lengthOf(content)], reason);
  tape.call('close', [made], reason);
}
