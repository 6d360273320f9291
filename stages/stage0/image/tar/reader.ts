import type { PodError } from '../../error.ts';
import type { TarEntry, TarEntryType, TarLimits, TarSink } from './entry.ts';
import { corrupt, hostile, printable } from './fault.ts';
import { BLOCK, decodeHeader, HeaderFault, isZeroBlock, type RawHeader } from './header.ts';
import { parsePax, type PaxRecords, sparseFile } from './pax.ts';
import { OldMap, oldSparseSize } from './old-sparse.ts';
import { type Extents, MapParser } from './sparse.ts';

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

interface SparseFile {
  readonly entry: TarEntry;
  readonly map: Extents & { push(block: Buffer, at: number): boolean };
  /** The map is in the body rather than in the header. */
  readonly isInBody: boolean;
  left: number;
}

/** (uid_t)-1 means "no change" to chown. */
const MAX_ID = 0xffff_fffe;

/**
 * Reads a tar stream in pieces and calls the sink for each entry, all synchronously. Every failure is a `PodError` that names the
 * archive and, if there is one, the entry.
 */
export class TarReader {
  readonly #sink: TarSink;
  readonly #archive: string;
  readonly #limits: TarLimits;
  /** Bytes still to come of the current entry's body, and then of its padding. */
  #bodyLeft = 0;
  #paddingLeft = 0;
  /** The body of the extended header or long name being read. */
  #meta: { readonly typeFlag: string; readonly body: Buffer; filled: number } | undefined;
  /** The sparse file whose map is being read; `left` is the rest of its body. */
  #sparse: SparseFile | undefined;
  #pax: PaxRecords | undefined;
  #longPath: string | undefined;
  #longLink: string | undefined;
  readonly #partial: Buffer = Buffer.alloc(BLOCK);
  #partialBytes = 0;
  #entries = 0;
  #ended = false;
  #lastPath = '';

  constructor(archive: string, sink: TarSink, limits: TarLimits) {
    this.#archive = archive;
    this.#sink = sink;
    this.#limits = limits;
  }

  /** Ignores bytes after the end mark, which are padding. */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#bodyLeft > 0) at = this.#readBody(chunk, at);
      else if (this.#paddingLeft > 0) at = this.#skipPadding(chunk, at);
      else at = this.#readBlock(chunk, at);
    }
  }

  /** True after the end mark. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * For a caller that can seek: skips the rest of an entry's body and padding, and returns its size. Extended headers are never
   * skipped.
   */
  skipBody(): number {
    if (this.#meta || this.#sparse || this.#partialBytes > 0) return 0;
    const skipped = this.#bodyLeft + this.#paddingLeft;
    if (this.#bodyLeft > 0) this.#sink.end();
    this.#bodyLeft = 0;
    this.#paddingLeft = 0;
    return skipped;
  }

  /** Call this at the end of the stream: an archive without an end mark is truncated. */
  finish(): void {
    if (this.#ended) return;
    const where = this.#lastPath === '' ? '' : ` after "${printable(this.#lastPath)}"`;
    throw corrupt(`read ${this.#archive}: the archive ends${where} without its end mark`);
  }

  #readBody(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#bodyLeft);
    const part = chunk.subarray(at, end);
    this.#bodyLeft -= part.length;
    if (this.#meta) {
      part.copy(this.#meta.body, this.#meta.filled);
      this.#meta.filled += part.length;
      if (this.#bodyLeft === 0) this.#endMeta();
    } else {
      this.#sink.data(part);
      if (this.#bodyLeft === 0) this.#sink.end();
    }
    return end;
  }

  #skipPadding(chunk: Buffer, at: number): number {
    const skipped = Math.min(this.#paddingLeft, chunk.length - at);
    this.#paddingLeft -= skipped;
    return at + skipped;
  }

  /** Reads a header block, which is assembled first if it spans two pieces. */
  #readBlock(chunk: Buffer, at: number): number {
    if (this.#partialBytes === 0 && chunk.length - at >= BLOCK) {
      this.#take(chunk, at);
      return at + BLOCK;
    }
    const copied = chunk.copy(
      this.#partial,
      this.#partialBytes,
      at,
      Math.min(chunk.length, at + BLOCK - this.#partialBytes),
    );
    this.#partialBytes += copied;
    if (this.#partialBytes === BLOCK) {
      this.#partialBytes = 0;
      this.#take(this.#partial, 0);
    }
    return at + copied;
  }

  #take(block: Buffer, at: number): void {
    if (this.#sparse) this.#readMap(this.#sparse, block, at);
    else this.#readHeader(block, at);
  }

  #readMap(sparse: SparseFile, block: Buffer, at: number): void {
    const { map } = sparse;
    if (sparse.isInBody) sparse.left -= BLOCK;
    const isWhole = this.#checked(() => map.push(block, at));
    if (!isWhole && (sparse.left > 0 || !sparse.isInBody)) return;
    this.#endMap(sparse, isWhole);
  }

  #endMap(sparse: SparseFile, isWhole: boolean): void {
    const { entry, map } = sparse;
    if (!isWhole || map.storedBytes !== sparse.left)
      throw corrupt(`read ${this.#archive}: the map of the sparse file "${printable(entry.path)}" is not of its body`);
    this.#sparse = undefined;
    this.#sink.begin({ ...entry, extents: map.extents });
    this.#expectBody(sparse.left);
    if (sparse.left === 0) this.#sink.end();
  }

  #readHeader(block: Buffer, at: number): void {
    if (isZeroBlock(block, at)) {
      this.#ended = true;
      return;
    }
    const header = this.#checked(() => decodeHeader(block, at));
    if (++this.#entries > this.#limits.maxEntries) {
      throw hostile(`read ${this.#archive}: it holds more than ${this.#limits.maxEntries} entries`);
    }
    if (header.size < 0) throw this.#fault(header.path, 'its size is negative');
    if ('xgLK'.includes(header.typeFlag)) this.#beginMeta(header);
    else this.#beginEntry(header, block, at);
  }

  #beginMeta(header: RawHeader): void {
    if (header.size > this.#limits.maxMetaBytes) {
      throw this.#fault(
        header.path,
        `its extended header has ${header.size} bytes, more than ${this.#limits.maxMetaBytes}`,
      );
    }
    this.#meta = { typeFlag: header.typeFlag, body: Buffer.alloc(header.size), filled: 0 };
    this.#expectBody(header.size);
    if (header.size === 0) this.#endMeta();
  }

  #endMeta(): void {
    const { typeFlag, body } = this.#meta!;
    this.#meta = undefined;
    // A global header ("g") contains comments; as in Go's reader, it changes no entry.
    if (typeFlag === 'x') this.#pax = this.#checked(() => parsePax(body));
    else if (typeFlag === 'L') this.#longPath = cString(body);
    else if (typeFlag === 'K') this.#longLink = cString(body);
  }

  #beginEntry(header: RawHeader, block: Buffer, at: number): void {
    const composed = this.#compose(header);
    const real = this.#pax?.sparse && this.#checked(() => sparseFile(this.#pax!.sparse!));
    const entry = real ? { ...composed, ...real } : composed;
    this.#pax = undefined;
    this.#longPath = undefined;
    this.#longLink = undefined;
    this.#lastPath = entry.path;
    if (header.typeFlag === 'S') return this.#beginOldSparse(entry, block, at);
    if (real) {
      if (entry.type !== 'file' || composed.size < BLOCK)
        throw this.#fault(entry.path, 'it is not a sparse file, but has a sparse header');
      this.#sparse = { entry, map: new MapParser(entry.size), isInBody: true, left: composed.size };
      return;
    }
    this.#sink.begin(entry);
    this.#expectBody(entry.size);
    if (entry.size === 0) this.#sink.end();
  }

  #beginOldSparse(stored: TarEntry, block: Buffer, at: number): void {
    const entry = { ...stored, size: this.#checked(() => oldSparseSize(block, at)) };
    const map = new OldMap(entry.size);
    const isWhole = this.#checked(() => map.readHeader(block, at));
    this.#sparse = { entry, map, isInBody: false, left: stored.size };
    if (isWhole) this.#endMap(this.#sparse, true);
  }

  #expectBody(size: number): void {
    this.#bodyLeft = size;
    this.#paddingLeft = (BLOCK - (size % BLOCK)) % BLOCK;
  }

  /** GNU long names take precedence over extended headers, and those over the plain header: Go's order. */
  #compose(header: RawHeader): TarEntry {
    const pax = this.#pax;
    const path = this.#longPath ?? pax?.path ?? header.path;
    const uid = pax?.uid ?? header.uid;
    const gid = pax?.gid ?? header.gid;
    if (uid < 0 || uid > MAX_ID || gid < 0 || gid > MAX_ID)
      throw this.#fault(path, `its owner ${uid}:${gid} is out of range`);
    const type = this.#typeOf(header.typeFlag, path);
    const size = pax?.size ?? header.size;
    if (type === 'directory' && header.typeFlag !== '5' && size > 0)
      throw this.#fault(path, `its name ends in a slash, and ${size} bytes of a file follow`);
    return {
      path,
      linkPath: this.#longLink ?? pax?.linkPath ?? header.linkPath,
      type,
      // Only files have a body, although some tools give a size for other types.
      size: type === 'file' ? size : 0,
      mode: header.mode & 0o7777,
      uid,
      gid,
      mtimeSec: pax?.mtimeSec ?? header.mtimeSec,
      mtimeNs: pax?.mtimeSec === undefined ? 0 : (pax.mtimeNs ?? 0),
      devMajor: header.devMajor,
      devMinor: header.devMinor,
      xattrs: pax?.xattrs ?? [],
    };
  }

  #typeOf(typeFlag: string, path: string): TarEntryType {
    const type = TYPES[typeFlag];
    if (type === undefined)
      throw corrupt(
        `read ${this.#archive}: entry "${printable(path)}" is of the unknown or unsupported type "${printable(typeFlag)}"`,
      );
    // Before ustar, a directory was a file whose name ends in a slash.
    return type === 'file' && typeFlag !== '7' && path.endsWith('/') ? 'directory' : type;
  }

  #checked<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof HeaderFault)) throw error;
      const where = this.#lastPath === '' ? 'at its first entry' : `after "${printable(this.#lastPath)}"`;
      throw corrupt(`read ${this.#archive}: ${where}, ${error.message}`);
    }
  }

  #fault(path: string, what: string): PodError {
    return hostile(`read ${this.#archive}: entry "${printable(path)}": ${what}`);
  }
}

function cString(body: Buffer): string {
  const nul = body.indexOf(0);
  return body.toString('latin1', 0, nul < 0 ? body.length : nul);
}
