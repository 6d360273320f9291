export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** A piece of data in a sparse file. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One member of an archive. `path` and `linkPath` have one character for each byte, because names need not be UTF-8. */
export interface TarEntry {
  readonly path: string;
  readonly linkPath: string;
  readonly type: TarEntryType;
  readonly size: number;
  /** Permission bits with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSec: number;
  readonly mtimeNs: number;
  readonly devMajor: number;
  readonly devMinor: number;
  /** Names without the `SCHILY.xattr.` prefix, and raw values. */
  readonly xattrs: readonly (readonly [string, Buffer])[];
  /** For a sparse file: where the bytes of `data` belong, in order. Absent: the bytes are the whole file. */
  readonly extents?: readonly Extent[];
}

/** Receives the members of an archive in order: one `begin`, any number of `data`, one `end`. */
export interface TarSink {
  begin(entry: TarEntry): void;
  data(chunk: Uint8Array): void;
  end(): void;
}

/** Limits beyond which an archive is rejected. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Size of one extended header or long name. */
  readonly maxMetaBytes: number;
}
