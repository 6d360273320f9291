import type { TarEntry } from '../../../../stages/stage0/image/tar/entry.ts';

/** Of an archive that is written to a directory in use. */
export const ENTRY: Omit<TarEntry, 'path' | 'type'> = {
  linkPath: '',
  size: 0,
  mode: 0o755,
  uid: 1234,
  gid: 1234,
  mtimeSec: 1,
  mtimeNs: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: [],
};
