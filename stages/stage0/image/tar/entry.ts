export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** A piece of a file that has holes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** One member of an archive. `path` and `linkPath` hold one character a byte: names need not be UTF-8. */
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
  /** Name without the `SCHILY.xattr.` prefix, and the raw value. */
  readonly xattrs: readonly (readonly [string, Buffer])[];
  /** Of a file with holes: where the bytes of `data` belong, in order. Without it they are the whole file. */
  readonly extents?: readonly Extent[];
}

/** Where the members of an archive go, in order: one `begin`, any number of `data`, one `end`. */
export interface TarSink {
  begin(entry: TarEntry): void;
  data(chunk: Uint8Array): void;
  end(): void;
}

/** What an archive may cost before it is refused. */
export interface TarLimits {
  readonly maxEntries: number;
  /** Of one extended header or long name. */
  readonly maxMetaBytes: number;
}
