import type { FormSink } from '../layer.ts';
import { MAX_JSON_BYTES } from '../json.ts';
import type { TarEntry, TarSink } from '../tar/entry.ts';
import { corrupt, hostile, printable } from '../tar/fault.ts';
import { normalizeEntryPath, splitPath } from '../unpack/entry-path.ts';
import { imageFaults } from '../unpack/failure.ts';
import { parseWhiteout } from '../unpack/whiteout.ts';

const MANIFEST = 'manifest';
const ROOT = 'rootfs';

/** Keeps the bytes of the manifest. Leaves everything else to `RootFiles`. */
export class ManifestFinder implements TarSink {
  readonly #archive: string;
  #buffer: ManifestBuffer | undefined;
  /** The whole manifest. */
  bytes: Buffer | undefined;

  constructor(archive: string) {
    this.#archive = archive;
  }

  begin(entry: TarEntry): void {
    if (this.bytes || nameOf(entry.path, 'entry', this.#archive) !== MANIFEST) return;
    this.#buffer = new ManifestBuffer(entry, this.#archive);
  }

  data(chunk: Uint8Array): void {
    this.#buffer?.add(chunk);
  }

  end(): void {
    if (this.#buffer) this.bytes = this.#buffer.whole();
    this.#buffer = undefined;
  }
}

class ManifestBuffer {
  readonly #chunks: Buffer[] = [];

  /** Throws for a member that is not a plain file of bearable size. */
  constructor({ type, size, extents }: TarEntry, archive: string) {
    if (type !== 'file') throw hostile(`read ${archive}: its manifest is a ${type}, not a file`);
    if (extents) throw hostile(`read ${archive}: its manifest is a sparse file`);
    if (size > MAX_JSON_BYTES)
      throw hostile(`read ${archive}: its manifest has ${size} bytes, more than ${MAX_JSON_BYTES}`);
  }

  /** Copied, because the chunk is reused. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk));
  }

  whole(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/**
 * Passes on what is in `rootfs/`, as the root file system that it is. Nothing else may be in the archive besides one manifest: the
 * one that was read before, and by which the files are chosen.
 */
export class RootFiles implements FormSink {
  readonly #archive: string;
  readonly #layer: TarSink;
  readonly #manifest: Buffer;
  readonly #whitelist: ReadonlySet<string> | undefined;
  #buffer: ManifestBuffer | undefined;
  #hasManifest = false;
  #hasRoot = false;
  #isPassedOn = false;

  /** `whitelist`: absolute paths in the root file system; all other files are left out, directories are not. */
  constructor(archive: string, layer: TarSink, manifest: Buffer, whitelist: ReadonlySet<string> | undefined) {
    this.#archive = archive;
    this.#layer = layer;
    this.#manifest = manifest;
    this.#whitelist = whitelist && new Set([...whitelist].map((path) => whitelistName(path, archive)));
  }

  begin(entry: TarEntry): void {
    const name = nameOf(entry.path, 'entry', this.#archive);
    this.#isPassedOn = false;
    if (name === MANIFEST) return this.#beginManifest(entry);
    // The root of an archive of `.`
    if (name === '' && entry.type === 'directory') return;
    const path = this.#inRoot(name, `entry "${printable(entry.path)}"`);
    if (path === '' && entry.type !== 'directory')
      throw hostile(`read ${this.#archive}: its "${ROOT}" is a ${entry.type}, not a directory`);
    this.#hasRoot = true;
    if (parseWhiteout(splitPath(path)[1]))
      throw hostile(`read ${this.#archive}: entry "${printable(entry.path)}" has the name of a whiteout`);
    if (entry.type !== 'directory' && this.#whitelist && !this.#whitelist.has(path)) return;
    this.#isPassedOn = true;
    this.#layer.begin({ ...entry, path, linkPath: this.#linkOf(entry) });
  }

  data(chunk: Uint8Array): void {
    if (this.#isPassedOn) this.#layer.data(chunk);
    else this.#buffer?.add(chunk);
  }

  end(): void {
    if (this.#isPassedOn) return this.#layer.end();
    if (this.#buffer && !this.#buffer.whole().equals(this.#manifest))
      throw corrupt(`read ${this.#archive}: it changed while it was read`);
    this.#buffer = undefined;
  }

  finish(): void {
    if (!this.#hasManifest) throw corrupt(`read ${this.#archive}: it changed while it was read`);
    if (!this.#hasRoot) throw corrupt(`read ${this.#archive}: it has no "${ROOT}"`);
  }

  #beginManifest(entry: TarEntry): void {
    if (this.#hasManifest) throw hostile(`read ${this.#archive}: it has two manifests`);
    this.#hasManifest = true;
    this.#buffer = new ManifestBuffer(entry, this.#archive);
  }

  /** Names of hard links are those of the archive. */
  #linkOf({ type, path, linkPath }: TarEntry): string {
    if (type !== 'hardlink') return linkPath;
    const what = `the hard link "${printable(path)}"`;
    return this.#inRoot(nameOf(linkPath, what, this.#archive), `${what} to "${printable(linkPath)}"`);
  }

  #inRoot(name: string, what: string): string {
    if (name === ROOT) return '';
    if (name.startsWith(`${ROOT}/`)) return name.slice(ROOT.length + 1);
    throw hostile(`read ${this.#archive}: ${what} is outside "${ROOT}"`);
  }
}

function nameOf(path: string, what: string, archive: string): string {
  return normalizeEntryPath(path, what, imageFaults(archive));
}

/** One character for each byte, as names of entries have it. */
function whitelistName(path: string, archive: string): string {
  return nameOf(`.${Buffer.from(path).toString('latin1')}`, 'pathWhitelist', archive);
}
