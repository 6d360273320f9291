import type { BigIntStats } from 'node:fs';
import { ERRNO, SyscallError } from '../../../linux/errno.ts';
import {
  AT_REMOVEDIR,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../../../linux/constants.ts';
import {
  bytePath,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  tryLinkat,
  tryMkdirat,
  tryMknodat,
  tryOpenat2,
  trySymlinkat,
  tryUnlinkat,
} from '../../../linux/file.ts';
import type { LayerNotes } from '../notes.ts';
import type { TarEntry, TarSink } from '../tar/entry.ts';
import { printable } from '../tar/fault.ts';
import { isAbsent, isDirectory, requireReplaceable } from './clash.ts';
import { deviceFault } from './device.ts';
import { OPAQUE, PendingDirectories } from './directories.ts';
import { normalizeEntryPath, splitPath } from './entry-path.ts';
import type { Faults } from './failure.ts';
import { FileBody } from './file-body.ts';
import { LiveFile } from './live-file.ts';
import { type LiveTarget, MadeFiles } from './made-files.ts';
import { applyToName, applyToPathFd, checkXattrs } from './metadata.ts';
import { ParentDirs } from './parents.ts';
import { parseWhiteout, type Whiteout } from './whiteout.ts';

const SPECIAL_MODES = { char: S_IFCHR, block: S_IFBLK, fifo: S_IFIFO } as const;
const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

/**
 * Writes the entries of one layer below a directory descriptor, in overlayfs form: a whiteout becomes a character device 0:0, an
 * opaque directory gets an attribute. Never uses a path from the archive directly: parents are descriptors that the kernel confines
 * to the root, and each call names one component below a descriptor.
 */
export class LayerWriter implements TarSink, Disposable {
  readonly #faults: Faults;
  readonly #isLayer: boolean;
  readonly #parents: ParentDirs;
  readonly #directories: PendingDirectories;
  /** Paths of whiteouts made by this layer's own whiteout entries. */
  readonly #whiteouts = new Set<string>();
  #highestId = 0;
  /** A name was removed through which directories may have been found. */
  #isNameGone = false;
  #entry: TarEntry | undefined;
  #file: FileBody | undefined;
  /** In a directory in use: the name the file gets at its end. */
  #live: LiveFile | undefined;
  readonly #made: MadeFiles | undefined;

  /**
   * `live`: the root is a directory in use, perhaps by attackers. Then names have no special meaning for overlayfs; the attributes
   * of the root and of existing directories are kept; a directory and a non-directory never replace each other; no symbolic link in
   * a path and no other mount is entered; and new files are changed through a descriptor of them. `opaque`: the attribute that
   * marks a directory as opaque, or `none` where no name stands for a whiteout.
   */
  constructor(rootFd: number, faults: Faults, live?: LiveTarget, opaque: string = OPAQUE) {
    this.#faults = faults;
    this.#isLayer = !live && opaque !== 'none';
    this.#directories = new PendingDirectories(opaque);
    if (live) {
      this.#made = new MadeFiles(live);
      this.#directories.leaveRoot();
    }
    this.#parents = new ParentDirs(
      rootFd,
      faults,
      {
        onImplicit: (path) => this.#directories.addImplicit(path, live?.owner),
        replaceWhiteout: (path) => this.#replaceWhiteout(path),
      },
      this.#made,
    );
  }

  /** For a directory in use: see `MadeFiles`. */
  hasMade(stat: BigIntStats): boolean {
    return this.#made?.hasMade(stat) ?? false;
  }

  begin(entry: TarEntry): void {
    this.#entry = entry;
    this.#guard(() => this.#create(entry));
  }

  data(chunk: Uint8Array): void {
    // The bodies of aufs bookkeeping entries are discarded.
    const file = this.#file;
    if (file) this.#guard(() => file.write(chunk));
  }

  end(): void {
    const file = this.#file;
    if (!file) return;
    this.#guard(() => {
      file.end();
      this.#live?.appear();
    });
    this.#closeFile();
  }

  /** Applies the metadata that was waiting for the content of directories; call it once, after the last entry. */
  finish(): void {
    this.#entry = undefined;
    this.#refreshParents();
    this.#guard(() => this.#directories.finish(this.#parents));
  }

  /** The notes of the layer, once it is finished. */
  notes(): LayerNotes {
    return { ...this.#directories.notes(this.#whiteouts), highestId: this.#highestId };
  }

  [Symbol.dispose](): void {
    this.#closeFile();
    this.#parents[Symbol.dispose]();
  }

  #closeFile(): void {
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
    this.#live?.[Symbol.dispose]();
    this.#live = undefined;
  }

  /** Only between entries: while an entry is made, the descriptor of its directory is in use. */
  #refreshParents(): void {
    if (this.#isNameGone) this.#parents.forget();
    this.#isNameGone = false;
  }

  #create(entry: TarEntry): void {
    this.#refreshParents();
    checkXattrs(entry, this.#faults);
    this.#highestId = Math.max(this.#highestId, entry.uid, entry.gid);
    const path = this.#normalize(entry.path, 'entry');
    if (path === '') return this.#made ? undefined : this.#createRoot(entry);
    const [parent, name] = splitPath(path);
    const whiteout = this.#isLayer ? parseWhiteout(name) : undefined;
    if (whiteout) return this.#applyWhiteout(whiteout, parent);
    const dirFd = this.#parents.open(parent);
    if (entry.type === 'file') this.#file = new FileBody(this.#createFile(dirFd, name, path), entry, !this.#made);
    else if (entry.type === 'directory') this.#createDirectory(dirFd, name, path, entry);
    else if (entry.type === 'hardlink') this.#createHardLink(dirFd, name, path, entry);
    else if (entry.type === 'symlink') this.#createSymlink(dirFd, name, path, entry);
    else this.#createDevice(dirFd, name, path, entry, SPECIAL_MODES[entry.type]);
  }

  #createRoot(entry: TarEntry): void {
    if (entry.type !== 'directory') throw this.#hostile(`is the layer's root, as a ${entry.type}`);
    this.#directories.add('', entry);
  }

  #createFile(dirFd: number, name: string, path: string): number {
    if (this.#made) {
      this.#live = new LiveFile({ dirFd, name, path }, this.#made);
      return this.#live.open();
    }
    // O_EXCL: never through an existing name, which may be a symbolic or hard link to something else.
    const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
    const make = (bytes: Buffer): number => tryOpenat2(dirFd, bytes, flags, ONE_COMPONENT, 0o600);
    return this.#makeOver(dirFd, name, path, 'openat2', make);
  }

  #createDirectory(dirFd: number, name: string, path: string, entry: TarEntry): void {
    const make = (bytes: Buffer): number => tryMkdirat(dirFd, bytes, 0o700);
    const result = this.#make(() => make(bytePath(name)));
    const exists = result === -ERRNO.EEXIST;
    if (result < 0 && !exists) throw new SyscallError('mkdirat', -result);
    if (exists && isDirectory(dirFd, name)) {
      if (!this.#made) this.#directories.add(path, entry);
      return;
    }
    if (exists) this.#makeOver(dirFd, name, path, 'mkdirat', make);
    this.#parents.adopt(dirFd, name, path);
    this.#directories.add(path, entry);
    // The earlier whiteout or entry of this name hides what lower layers have.
    if (exists && !this.#made) this.#directories.markNew(path);
  }

  #createHardLink(dirFd: number, name: string, path: string, entry: TarEntry): void {
    const target = this.#normalize(entry.linkPath, `hard link "${printable(entry.path)}" to`);
    if (target === '') throw this.#hostile('is a hard link to the root');
    // A link to itself has no effect; removing the name first would lose the file.
    if (target === path) return;
    const [targetParent, targetName] = splitPath(target);
    const targetFd = this.#parents.open(targetParent);
    const oldName = bytePath(targetName);
    const link = (bytes: Buffer): number => tryLinkat(targetFd, oldName, dirFd, bytes);
    if (this.#whiteouts.has(target) || isAbsent(targetFd, targetName))
      throw this.#faults.corrupt(
        `entry "${printable(path)}" is a hard link to "${printable(target)}", which is not in the layer`,
      );
    if (isDirectory(targetFd, targetName)) throw this.#hostile('is a hard link to a directory');
    this.#makeOver(dirFd, name, path, 'linkat', link);
  }

  #createSymlink(dirFd: number, name: string, path: string, entry: TarEntry): void {
    if (entry.linkPath === '') throw this.#faults.corrupt(`entry "${printable(path)}" is a symlink to nothing`);
    const target = bytePath(entry.linkPath);
    this.#makeOver(dirFd, name, path, 'symlinkat', (bytes) => trySymlinkat(target, dirFd, bytes));
    if (!this.#made) return applyToName(dirFd, name, entry, true);
    using link = this.#made.openSymlink(dirFd, name, path, entry.linkPath);
    applyToPathFd(link.number, entry);
  }

  #createDevice(dirFd: number, name: string, path: string, entry: TarEntry, typeBits: number): void {
    if (this.#made) throw this.#hostile(`is a ${entry.type}, which is not made in a directory in use`);
    const fault = deviceFault(entry);
    if (fault !== undefined) throw this.#hostile(fault);
    const { devMajor, devMinor } = entry;
    const make = (bytes: Buffer): number => tryMknodat(dirFd, bytes, typeBits | 0o600, devMajor, devMinor);
    this.#makeOver(dirFd, name, path, 'mknodat', make);
    applyToName(dirFd, name, entry, false);
  }

  /** Makes a name and removes an existing one first: the later entry of an archive wins, as in every other tool. */
  #makeOver(dirFd: number, name: string, path: string, syscall: string, make: (bytes: Buffer) => number): number {
    const bytes = bytePath(name);
    let result = this.#make(() => make(bytes));
    if (result === -ERRNO.EEXIST) {
      if (this.#made) requireReplaceable(dirFd, name, path, this.#entry!.type, this.#made);
      this.#remove(dirFd, bytes, path);
      result = this.#make(() => make(bytes));
    }
    if (result < 0) throw new SyscallError(syscall, -result);
    return result;
  }

  #make(create: () => number): number {
    return this.#made ? this.#made.make(create) : create();
  }

  #remove(dirFd: number, bytes: Buffer, path: string): void {
    let result = tryUnlinkat(dirFd, bytes);
    if (result === -ERRNO.EISDIR && !this.#made) result = tryUnlinkat(dirFd, bytes, AT_REMOVEDIR);
    if (result === -ERRNO.ENOTEMPTY) throw this.#hostile('would replace a directory that has contents');
    if (result < 0) throw new SyscallError('unlinkat', -result);
    this.#whiteouts.delete(path);
    this.#directories.remove(path);
    this.#isNameGone = true;
  }

  #applyWhiteout(whiteout: Whiteout, parent: string): void {
    if (whiteout.kind === 'aufs') return;
    if (whiteout.kind === 'hostile') throw this.#hostile('is a whiteout of nothing or of its own directory');
    const dirFd = this.#parents.openStrict(parent);
    if (whiteout.kind === 'opaque') return this.#directories.markOpaque(parent);
    const target = parent === '' ? whiteout.name : `${parent}/${whiteout.name}`;
    const made = tryMknodat(dirFd, bytePath(whiteout.name), S_IFCHR, 0, 0);
    if (made === 0) this.#whiteouts.add(target);
    // The layer has this name too, and a whiteout applies to lower layers only: a file hides the lower one, a directory must be marked.
    else if (made !== -ERRNO.EEXIST) throw new SyscallError('mknodat', -made);
    else if (isDirectory(dirFd, whiteout.name)) this.#directories.markNew(target);
  }

  /** Replaces a whiteout of this layer that is in the path of a directory; returns false when there is none. */
  #replaceWhiteout(path: string): boolean {
    for (let end = path.indexOf('/'); ; end = path.indexOf('/', end + 1)) {
      const prefix = end < 0 ? path : path.slice(0, end);
      if (this.#whiteouts.delete(prefix)) {
        const [parent, name] = splitPath(prefix);
        const removed = tryUnlinkat(this.#parents.open(parent), bytePath(name));
        if (removed < 0) throw new SyscallError('unlinkat', -removed);
        this.#directories.markNew(prefix);
        return true;
      }
      if (end < 0) return false;
    }
  }

  #normalize(path: string, what: string): string {
    return normalizeEntryPath(path, what, this.#faults);
  }

  #hostile(what: string): Error {
    return this.#faults.hostile(`entry "${printable(this.#entry?.path ?? '')}" ${what}`);
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      throw this.#faults.failed(error, this.#entry?.path);
    }
  }
}
