import type { TarEntry } from './entry.ts';

/** A member that is only a name and its bytes: root's, for everybody to read, and of no time, so that the same bytes are the same member. */
export function plainFile(path: string, size: number = 0): TarEntry {
  return {
    path,
    type: 'file',
    linkPath: '',
    size,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSec: 0,
    mtimeNs: 0,
    devMajor: 0,
    devMinor: 0,
    xattrs: [],
  };
}
