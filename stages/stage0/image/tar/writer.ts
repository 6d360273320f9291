// pax(1): ustar headers, with an extended header before each entry that does not fit into one.

import type { TarEntry, TarEntryType, TarSink } from './entry.ts';
import { BLOCK } from './header.ts';
import { encodeMap, storedBytes } from './sparse.ts';

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;

/** The counterpart of `TarReader`: equal entries give equal bytes. `write` must consume everything before it returns. */
export class TarWriter implements TarSink {
  readonly #write: (bytes: Uint8Array) => void;
  /** Bytes of the body still to come. */
  #left = 0;
  #padding = 0;

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  begin(entry: TarEntry): void {
    const { extents } = entry;
    const map = extents ? encodeMap(extents, entry.size) : undefined;
    const stored = extents ? storedBytes(extents) : entry.type === 'file' ? entry.size : 0;
    this.#writeHeaders(
      map ? { ...entry, path: sparsePath(entry.path), size: map.length + stored } : entry,
      map && entry,
    );
    if (map) this.#write(map);
    this.#left = stored;
    this.#padding = paddingOf(stored);
  }

  data(chunk: Uint8Array): void {
    this.#left -= chunk.length;
    if (this.#left < 0) throw new Error('more bytes than the header of the entry says');
    this.#write(chunk);
  }

  end(): void {
    if (this.#left !== 0) throw new Error(`${this.#left} bytes fewer than the header of the entry says`);
    if (this.#padding > 0) this.#write(Buffer.alloc(this.#padding));
    this.#padding = 0;
  }

  /** Writes the end mark. */
  finish(): void {
    this.#write(Buffer.alloc(2 * BLOCK));
  }

  #writeHeaders(entry: TarEntry, sparse: TarEntry | undefined): void {
    const records = paxRecords(entry);
    if (sparse) records.unshift(...sparseRecords(sparse));
    if (records.length > 0) this.#writePax(Buffer.concat(records));
    this.#write(header(entry, FLAGS[entry.type]));
  }

  #writePax(body: Buffer): void {
    const plain = { path: 'pax', linkPath: '', mode: 0o644, uid: 0, gid: 0, mtimeSec: 0, devMajor: 0, devMinor: 0 };
    this.#write(header({ ...plain, size: body.length }, 'x'));
    this.#write(body);
    this.#write(Buffer.alloc(paddingOf(body.length)));
  }
}

function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

type Plain = Omit<TarEntry, 'type' | 'mtimeNs' | 'xattrs'>;

/** Names that are too long are truncated and numbers that do not fit are 0: the extended header has the real ones. */
function header(entry: Plain, typeFlag: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(entry.path.slice(0, 100), 0, 'latin1');
  octal(block, 100, 8, entry.mode);
  octal(block, 108, 8, entry.uid);
  octal(block, 116, 8, entry.gid);
  octal(block, 124, 12, entry.size);
  octal(block, 136, 12, entry.mtimeSec);
  block.write(typeFlag, 156, 'latin1');
  block.write(entry.linkPath.slice(0, 100), 157, 'latin1');
  block.write('ustar\u000000', 257, 'latin1');
  octal(block, 329, 8, entry.devMajor);
  octal(block, 337, 8, entry.devMinor);
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  const fits = value >= 0 && value <= (length === 8 ? MAX_OCTAL_7 : MAX_OCTAL_11);
  block.write((fits ? value : 0).toString(8).padStart(length - 1, '0'), at, 'latin1');
}

function paxRecords(entry: TarEntry): Buffer[] {
  const records: Buffer[] = [];
  const add = (key: string, value: string | Buffer): void => {
    records.push(paxRecord(key, typeof value === 'string' ? Buffer.from(value, 'latin1') : value));
  };
  if (entry.path.length > 100) add('path', entry.path);
  if (entry.linkPath.length > 100) add('linkpath', entry.linkPath);
  if (entry.size > MAX_OCTAL_11) add('size', String(entry.size));
  if (entry.uid > MAX_OCTAL_7) add('uid', String(entry.uid));
  if (entry.gid > MAX_OCTAL_7) add('gid', String(entry.gid));
  if (entry.mtimeNs !== 0 || entry.mtimeSec < 0 || entry.mtimeSec > MAX_OCTAL_11) add('mtime', timeText(entry));
  for (const [name, value] of entry.xattrs) add(`SCHILY.xattr.${name}`, value);
  return records;
}

function sparseRecords({ path, size }: TarEntry): Buffer[] {
  const fields = { major: '1', minor: '0', name: path, realsize: String(size) };
  return Object.entries(fields).map(([key, value]) => paxRecord(`GNU.sparse.${key}`, Buffer.from(value, 'latin1')));
}

/** The name under which a tool without support for sparse files unpacks it: not the file's own name. */
function sparsePath(path: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${path.slice(0, slash)}GNUSparseFile.0/${path.slice(slash)}`;
}

function timeText({ mtimeSec, mtimeNs }: TarEntry): string {
  const isNegative = mtimeSec < 0;
  const seconds = isNegative && mtimeNs > 0 ? mtimeSec + 1 : mtimeSec;
  const nanoseconds = isNegative && mtimeNs > 0 ? 1_000_000_000 - mtimeNs : mtimeNs;
  const fraction = nanoseconds === 0 ? '' : `.${String(nanoseconds).padStart(9, '0')}`;
  return `${isNegative ? '-' : ''}${Math.abs(seconds)}${fraction}`;
}

/** LENGTH includes its own digits. */
function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`, 'latin1'), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
