import { SyscallError } from '../../../linux/errno.ts';
import { tryFsetxattr } from '../../../linux/file.ts';
import type { LayerNotes } from '../notes.ts';
import { splitPath } from './entry-path.ts';
import { applyToFd, type Metadata } from './metadata.ts';
import type { ParentDirs } from './parents.ts';

/**
 * Metadata of a directory that contains entries but has no entry of its own. The fixed time makes two unpackings of a layer equal.
 */
const IMPLICIT: Metadata = { mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, mtimeNs: 0, xattrs: [] };

/** The attributes that overlayfs reads: when mounted by the host's root, and with the option `userxattr`. */
export const OPAQUE = 'trusted.overlay.opaque';
export const USER_OPAQUE = 'user.overlay.opaque';
const YES = Buffer.from('y');

/**
 * The metadata of a layer's directories, applied once their content is complete, because making a file in a directory changes its
 * time.
 */
export class PendingDirectories {
  readonly #metadata = new Map<string, Metadata>([['', IMPLICIT]]);
  readonly #opaque = new Set<string>();
  readonly #implicit = new Set<string>();
  readonly #new = new Set<string>();
  readonly #mark: string;

  constructor(mark: string) {
    this.#mark = mark;
  }

  /** The last entry for a directory wins. */
  add(path: string, metadata: Metadata): void {
    this.#metadata.set(path, metadata);
    this.#implicit.delete(path);
  }

  /** `owner` is the id of root if it is not 0. */
  addImplicit(path: string, owner = 0): void {
    this.#metadata.set(path, { ...IMPLICIT, uid: owner, gid: owner });
    this.#implicit.add(path);
  }

  /** Hides what lower layers have in this directory. */
  markOpaque(path: string): void {
    this.#opaque.add(path);
  }

  /** The same for a new directory that lower layers do not have, so no other metadata applies to it. */
  markNew(path: string): void {
    this.#opaque.add(path);
    this.#new.add(path);
  }

  /** The root belongs to someone else and is left unchanged. */
  leaveRoot(): void {
    this.#metadata.delete('');
  }

  remove(path: string): void {
    this.#metadata.delete(path);
    this.#opaque.delete(path);
    this.#implicit.delete(path);
  }

  /** `whiteouts`: paths of what is hidden. */
  notes(whiteouts: ReadonlySet<string>): Omit<LayerNotes, 'highestId'> {
    const hiding = new Set([...whiteouts].map((path) => splitPath(path)[0]));
    // Not the root, because the pod's own directory is above it.
    hiding.delete('');
    const implicit = [...this.#implicit].filter((path) => !this.#new.has(path));
    return { isOpaque: this.#opaque.has(''), implicit, hiding: [...hiding] };
  }

  finish(parents: ParentDirs): void {
    for (const path of this.#opaque) {
      const result = tryFsetxattr(parents.open(path), this.#mark, YES);
      if (result < 0) throw new SyscallError('fsetxattr', -result, this.#mark);
    }
    // In most archives parents come before their children. In reverse order, no mode blocks access to a directory still needed.
    for (const [path, metadata] of [...this.#metadata].reverse()) applyToFd(parents.open(path), metadata);
  }
}
