// openat2(2)

import { closeSync, constants, fchmodSync, fchownSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { O_CREAT, O_WRONLY, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../linux/constants.ts';
import { SyscallError } from '../../linux/errno.ts';
import { tryOpenat2 } from '../../linux/file.ts';
import { type AppFiles, openAppFiles } from '../copy/find-app.ts';
import { isOfKernel } from '../copy/place.ts';
import { PodError } from '../error.ts';
import type { PodStore } from '../pod/store.ts';

export interface FileSettings {
  /** Absent: the pod's first. */
  readonly app?: string;
}

export interface WriteSettings extends FileSettings {
  /** Of a new file; default 0o644. Its owner is root. */
  readonly mode?: number;
}

/** Files of running apps. Links are followed, but never out of the app's root. */
export class PodFiles {
  readonly #store: PodStore;
  readonly #uuid: () => string;

  constructor(store: PodStore, uuid: () => string) {
    this.#store = store;
    this.#uuid = uuid;
  }

  read(path: string, settings: FileSettings = {}): Buffer {
    using files = this.#open(settings);
    return withFile(files, path, constants.O_RDONLY, 0, (fd) => readFileSync(fd));
  }

  /** Replaces what the file holds. The directory must exist. */
  write(path: string, data: string | Uint8Array, { mode = 0o644, ...settings }: WriteSettings = {}): void {
    using files = this.#open(settings);
    withFile(files, path, O_WRONLY | O_CREAT | constants.O_TRUNC, mode, (fd) => {
      if (fstatSync(fd).uid === 0 && files.owners.outside(0, path) !== 0) {
        const owner = files.owners.outside(0, path);
        fchownSync(fd, owner, owner);
        fchmodSync(fd, mode);
      }
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

function withFile<T>(files: AppFiles, path: string, flags: number, mode: number, use: (fd: number) => T): T {
  // A FIFO would wait for its other end.
  const open = flags | constants.O_NONBLOCK | constants.O_NOCTTY;
  const fd = tryOpenat2(files.root.number, path, open, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, mode);
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
