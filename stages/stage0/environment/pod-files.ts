// openat2(2)

import { closeSync, constants, fchmodSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { O_CREAT, O_WRONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { tryOpenat2 } from '../../linux/file.ts';
import { makeAs } from '../../linux/fs-ids.ts';
import { type AppFiles, openAppFiles } from '../copy/find-app.ts';
import { isOfKernel } from '../copy/place.ts';
import { PodError } from '../error.ts';
import { isText, type Judge, requireOptions } from '../library/check-options.ts';
import type { PodStore } from '../pod/store.ts';

export interface FileSettings {
  /** Absent: the pod's first app. */
  readonly app?: string;
}

export interface WriteSettings extends FileSettings {
  /** Mode of a new file; default 0o644. Its owner is root. */
  readonly mode?: number;
}

const isMode: Judge = (value) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o7777) return undefined;
  return `is ${JSON.stringify(value)}, not a number from 0 to 0o7777`;
};

const READ_SETTINGS: Readonly<Record<string, Judge>> = { app: isText };
const WRITE_SETTINGS: Readonly<Record<string, Judge>> = { ...READ_SETTINGS, mode: isMode };

/** Access to files of running apps. Symbolic links are followed, but never out of the app's root. */
export class PodFiles {
  readonly #store: PodStore;
  readonly #uuid: () => string;

  constructor(store: PodStore, uuid: () => string) {
    this.#store = store;
    this.#uuid = uuid;
  }

  /** Throws for files of more than 2 GiB, the limit of `readFileSync`. */
  read(path: string, settings: FileSettings = {}): Buffer {
    const what = `read ${JSON.stringify(path)} in the pod`;
    requirePath(what, path);
    requireOptions(what, settings, READ_SETTINGS);
    using files = this.#open(settings);
    return withFile(tryOpen(files, path, constants.O_RDONLY), path, (fd) => readWhole(fd, what));
  }

  /**
   * Replaces the content of the file. The directory must exist. The memory that the file takes counts for the cgroup of this process,
   * not for the pod's: the kernel charges whoever writes.
   */
  write(path: string, data: string | Uint8Array, settings: WriteSettings = {}): void {
    const what = `write ${JSON.stringify(path)} in the pod`;
    requirePath(what, path);
    requireOptions(what, settings, WRITE_SETTINGS);
    // Checked before the open, which truncates the file.
    if (typeof data !== 'string' && !ArrayBuffer.isView(data))
      throw new PodError('test/options', `${what}: what to write is neither a text nor bytes`);
    const { mode = 0o644 } = settings;
    using files = this.#open(settings);
    const flags = O_WRONLY | constants.O_TRUNC;
    const existing = tryOpen(files, path, flags);
    const isNew = existing === -ERRNO.ENOENT;
    const make = (): number => tryOpen(files, path, flags | O_CREAT, mode);
    withFile(isNew ? makeAs(files.owners.outside(0, path), make) : existing, path, (fd) => {
      // Sets the mode independently of this process's umask.
      if (isNew) fchmodSync(fd, mode);
      writeFileSync(fd, data);
    });
  }

  #open({ app }: FileSettings): AppFiles {
    const uuid = this.#uuid();
    const pod = this.#store.locate(uuid);
    if (!pod) throw new PodError('pod/not-found', `open the files of pod ${uuid}: it was removed`);
    return openAppFiles(this.#store, pod, app);
  }
}

/** The kernel truncates the path at a NUL, which would name another file. */
function requirePath(what: string, path: unknown): void {
  const wrong = isText(path);
  if (wrong !== undefined) throw new PodError('test/options', `${what}: the path ${wrong}`);
}

const MOST_BYTES = 2 ** 31 - 1;

function readWhole(fd: number, what: string): Buffer {
  const { size } = fstatSync(fd);
  if (size > MOST_BYTES)
    throw new PodError('host/refused', `${what}: it has ${size} bytes, more than the limit of 2 GiB`);
  return readFileSync(fd);
}

function tryOpen(files: AppFiles, path: string, flags: number, mode = 0): number {
  // Opening a FIFO would otherwise wait for its other end.
  const open = flags | constants.O_NONBLOCK | constants.O_NOCTTY;
  return tryOpenat2(files.root.number, path, open, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode);
}

/** Calls `use` and closes the descriptor. Throws when `fd` is a negative errno. */
function withFile<T>(fd: number, path: string, use: (fd: number) => T): T {
  if (fd < 0)
    throw new PodError('host/refused', `open "${path}" in the pod: ${new SyscallError('openat2', -fd).message}`);
  try {
    if (!fstatSync(fd).isFile() || isOfKernel(fd))
      throw new PodError('host/refused', `open "${path}" in the pod: it is not a regular file`);
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
