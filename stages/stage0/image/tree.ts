import { closeSync, fstatSync, type Stats } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { fgetxattr, openat2, readlinkFd, tryOpenat2, bytePath } from '../../linux/file.ts';
import type { ResolvedImage } from './types.ts';
import { OPAQUE, USER_OPAQUE } from './unpack/directories.ts';

const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
/** The kernel's limit, MAXSYMLINKS. */
const MAX_SYMLINKS = 40;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

/** A name in the merged tree. `fds`: for a directory, those of its layers, uppermost first; otherwise one O_PATH descriptor. */
interface Node {
  readonly path: string;
  readonly fds: readonly number[];
  readonly stat: Stats;
}

/** A name found in a directory, and the directory of the layer that contains it. */
interface Step extends Node {
  readonly dirFd: number;
}

/** Where a path of the image leads: the directory that contains the file, in the layer that has it. */
export interface FoundFile {
  readonly dirFd: number;
  readonly name: string;
  readonly stat: Stats;
}

/**
 * An image's merged tree, read through descriptors: what overlayfs would show, without mounting it. Each step opens one component
 * below a descriptor and follows nothing, so that no symbolic link, `..` or race leads out of the layers.
 */
export class ImageTree implements Disposable {
  readonly #image: Pick<ResolvedImage, 'ref' | 'mounts'>;
  #root: Node | undefined;
  readonly #fds: number[] = [];
  /** Cache of directories: reading two files of one directory opens it once. */
  readonly #directories = new Map<string, Step>();

  constructor(image: Pick<ResolvedImage, 'ref' | 'mounts'>) {
    this.#image = image;
  }

  /** For messages. */
  get ref(): string {
    return this.#image.ref;
  }

  /** Finds `path`, following symbolic links inside the image; undefined when it does not exist. Owner and type are the image's. */
  find(path: string): FoundFile | undefined {
    this.#root ??= this.#mountRoot('/')!;
    const stack: Node[] = [this.#root];
    const pending = split(path);
    let found: FoundFile | undefined;
    for (let links = 0; pending.length > 0;) {
      const name = pending.shift()!;
      if (name === '..') {
        if (stack.length > 1) stack.pop();
        continue;
      }
      const here = stack.at(-1)!;
      const step = this.#lookup(here, name);
      if (step === undefined) return undefined;
      if ((step.stat.mode & S_IFMT) === S_IFLNK) {
        if (++links > MAX_SYMLINKS) return undefined;
        const target = readlinkFd(step.fds[0]!);
        if (target.startsWith('/')) stack.length = 1;
        pending.unshift(...split(target));
      } else if (step.stat.isDirectory()) stack.push(step);
      else if (pending.length > 0) return undefined;
      else found = { dirFd: step.dirFd, name, stat: step.stat };
    }
    return found ?? { dirFd: stack.at(-1)!.fds[0]!, name: '.', stat: stack.at(-1)!.stat };
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds) closeSync(fd);
    this.#fds.length = 0;
  }

  #mountRoot(target: string): Node | undefined {
    const mount = this.#image.mounts.find((candidate) => candidate.target === target);
    if (!mount) return undefined;
    // Overlayfs shows the attributes of the uppermost layer's root.
    const fds = mount.layers
      .toReversed()
      .map((layer) => this.#keep(openat2(AT_FDCWD, layer, O_RDONLY | O_DIRECTORY, 0)));
    return { path: target, fds, stat: fstatSync(fds[0]!) };
  }

  #lookup(directory: Node, name: string): Step | undefined {
    const path = `${directory.path === '/' ? '' : directory.path}/${name}`;
    const known = this.#directories.get(path);
    if (known) return known;
    const mounted = this.#mountRoot(path);
    const step = mounted ? { ...mounted, dirFd: mounted.fds[0]! } : this.#merge(directory, name, path);
    if (step?.stat.isDirectory()) this.#directories.set(path, step);
    return step;
  }

  /** Searches from the uppermost layer down: the first layer with the name determines its type; directories merge. */
  #merge(directory: Node, name: string, path: string): Step | undefined {
    const merged: number[] = [];
    let top: { readonly dirFd: number; readonly stat: Stats } | undefined;
    for (const dirFd of directory.fds) {
      const fd = tryOpenat2(dirFd, bytePath(name), O_PATH | O_NOFOLLOW, ONE_COMPONENT);
      if (fd === -ERRNO.ENOENT) continue;
      if (fd < 0) throw new SyscallError('openat2', -fd);
      const stat = fstatSync(this.#keep(fd));
      if (!stat.isDirectory()) {
        if (top || isWhiteout(stat)) break;
        return { path, fds: [fd], stat, dirFd };
      }
      top ??= { dirFd, stat };
      const readable = this.#keep(openat2(fd, '.', O_RDONLY | O_DIRECTORY, ONE_COMPONENT));
      merged.push(readable);
      if (isOpaque(readable)) break;
    }
    return top && { path, fds: merged, ...top };
  }

  #keep(fd: number): number {
    this.#fds.push(fd);
    return fd;
  }
}

/** Splits a path into components with one character for each byte, because file names are bytes. */
function split(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function isWhiteout(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}

function isOpaque(fd: number): boolean {
  // A user who cannot read the first attribute has layers that were unpacked with the second.
  const name = process.geteuid!() === 0 ? OPAQUE : USER_OPAQUE;
  return fgetxattr(fd, name)?.toString() === 'y';
}
