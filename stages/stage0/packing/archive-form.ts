import { PodError } from '../error.ts';
import type { TarEntry, TarSink } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import { plainFile } from '../image/tar/plain-file.ts';
import { OPAQUE, USER_OPAQUE } from '../image/unpack/directories.ts';
import { splitPath } from '../image/unpack/entry-path.ts';
import { parseWhiteout } from '../image/unpack/whiteout.ts';

/** What a layer says besides its files; see `LayerNotes`. */
export interface LayerForm {
  readonly isOpaque: boolean;
  readonly implicit: ReadonlySet<string>;
}

/**
 * Turns a layer as overlayfs has it into one of an archive: a character device 0:0 becomes a whiteout, an attribute an opaque
 * whiteout, and directories that the image said nothing about stay unsaid. Takes the paths of a tree read with the prefix ".".
 */
export class ArchiveForm implements TarSink {
  readonly #sink: TarSink;
  readonly #form: LayerForm;
  readonly #label: string;
  #isLeftOut = false;

  /** `label`: the layer, for messages. */
  constructor(sink: TarSink, form: LayerForm, label: string) {
    this.#sink = sink;
    this.#form = form;
    this.#label = label;
  }

  begin(entry: TarEntry): void {
    const path = withoutDot(entry.path);
    const [parent, name] = splitPath(path);
    // No archive can hold it: whoever unpacks one removes something in its place.
    if (parseWhiteout(name)) throw this.#unspeakable(path);
    this.#isLeftOut = isWhiteout(entry) || (entry.type === 'directory' && this.#isUnsaid(path, entry));
    // Nothing of it counts but its name. The store has made its own with the time of the unpacking.
    if (isWhiteout(entry)) return this.#emit(plainFile(below(parent, `.wh.${name}`)));
    const xattrs = entry.xattrs.filter(([attribute]) => !isOfHost(attribute));
    const linkPath = entry.type === 'hardlink' ? withoutDot(entry.linkPath) : entry.linkPath;
    const said = { ...entry, path: entry.type === 'directory' ? `${path || '.'}/` : path, linkPath, xattrs };
    if (!this.#isLeftOut) this.#sink.begin(said);
    if (entry.type !== 'directory' || !this.#hidesAll(path, entry)) return;
    if (!this.#isLeftOut) this.#sink.end();
    this.#isLeftOut = true;
    this.#emit(plainFile(below(path, '.wh..wh..opq')));
  }

  data(chunk: Uint8Array): void {
    if (!this.#isLeftOut) this.#sink.data(chunk);
  }

  end(): void {
    if (!this.#isLeftOut) this.#sink.end();
  }

  #emit(entry: TarEntry): void {
    this.#sink.begin(entry);
    this.#sink.end();
  }

  /** The root that no entry spoke of has these. */
  #isUnsaid(path: string, { mode, uid, gid, mtimeSec, mtimeNs, xattrs }: TarEntry): boolean {
    if (path !== '') return this.#form.implicit.has(path);
    return mode === 0o755 && uid + gid + mtimeSec + mtimeNs === 0 && xattrs.every(([name]) => isOfHost(name));
  }

  #hidesAll(path: string, { xattrs }: TarEntry): boolean {
    if (path === '') return this.#form.isOpaque;
    return xattrs.some(([name, value]) => (name === OPAQUE || name === USER_OPAQUE) && value.toString() === 'y');
  }

  #unspeakable(path: string): PodError {
    return new PodError('host/refused', `pack ${this.#label}: "${printable(path)}" has the name of a whiteout`, {
      hint: 'in a layer, it would remove a file; rename it',
    });
  }
}

function isWhiteout({ type, devMajor, devMinor }: TarEntry): boolean {
  return type === 'char' && devMajor === 0 && devMinor === 0;
}

/** What the host has put there, and would put on a copy: overlayfs's own, and labels of its policy. */
export function isOfHost(attribute: string): boolean {
  return /^(?:trusted|user)\.overlay\./.test(attribute) || attribute === 'security.selinux';
}

function withoutDot(path: string): string {
  return path === '.' ? '' : path.replace(/^\.\//, '');
}

function below(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
