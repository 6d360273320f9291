import { SyscallError } from '../../../linux/errno.ts';
import { tryFsetxattr } from '../../../linux/file.ts';
import type { LayerNotes } from '../notes.ts';
import { splitPath } from './entry-path.ts';
import { applyToFd, type Metadata } from './metadata.ts';
import type { ParentDirs } from './parents.ts';

/** Of a directory that entries lie in but none describes. The fixed time keeps two unpackings of one layer alike. */
const IMPLICIT: Metadata = { mode: 0o755, uid: 0, gid: 0, mtimeSec: 0, mtimeNs: 0, xattrs: [] };

/** What overlayfs looks for: where it was mounted by the host's root, and with the option `userxattr`. */
export const OPAQUE = 'trusted.overlay.opaque';
export const USER_OPAQUE = 'user.overlay.opaque';
const YES = Buffer.from('y');

/** What the directories of a layer get once their contents are complete: a file made in one changes its time. */
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

  /** `owner` is that of root where it is not 0. */
  addImplicit(path: string, owner = 0): void {
    this.#metadata.set(path, { ...IMPLICIT, uid: owner, gid: owner });
    this.#implicit.add(path);
  }

  /** What lower layers have in this directory stays hidden. */
  markOpaque(path: string): void {
    this.#opaque.add(path);
  }

  /** The same, and it is none of theirs: nothing else describes it. */
  markNew(path: string): void {
    this.#opaque.add(path);
    this.#new.add(path);
  }

  /** The root is somebody else's, and stays as it is. */
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
    // The root has the pod's own directory above it.
    hiding.delete('');
    const implicit = [...this.#implicit].filter((path) => !this.#new.has(path));
    return { isOpaque: this.#opaque.has(''), implicit, hiding: [...hiding] };
  }

  finish(parents: ParentDirs): void {
    for (const path of this.#opaque) {
      const result = tryFsetxattr(parents.open(path), this.#mark, YES);
      if (result < 0) throw new SyscallError('fsetxattr', -result, this.#mark);
    }
    // Parents come before their children in most archives: from the end, no mode closes a door that is still needed.
    for (const [path, metadata] of [...this.#metadata].reverse()) applyToFd(parents.open(path), metadata);
  }
}
