import { ERRNO } from '../../linux/errno.ts';
import { SEEK_DATA, SEEK_HOLE, trySeek } from '../../linux/file.ts';
import { PodError } from '../error.ts';
import type { Extent, TarEntry } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import { BLOCK } from '../image/tar/header.ts';
import { MAX_EXTENTS } from '../image/tar/sparse.ts';

/** Where an open file has data; undefined for one without holes, or on a file system that does not say. */
export function readExtents(fd: number, { path, size }: TarEntry): Extent[] | undefined {
  if (!Number.isSafeInteger(size))
    throw new PodError('host/refused', `copy "${printable(path)}": it has ${size} bytes`);
  const extents: Extent[] = [];
  for (let at = 0; at < size;) {
    const data = trySeek(fd, at, SEEK_DATA);
    if (data === -ERRNO.ENXIO || data >= size) break;
    if (data < 0) return undefined;
    const hole = trySeek(fd, data, SEEK_HOLE);
    // An archive holds whole blocks.
    const offset = Math.max(at, Math.floor(data / BLOCK) * BLOCK);
    at = hole < 0 ? size : Math.min(Math.ceil(hole / BLOCK) * BLOCK, size);
    extents.push({ offset, length: at - offset });
    if (extents.length > MAX_EXTENTS)
      throw new PodError('host/refused', `copy "${printable(path)}": it has more than ${MAX_EXTENTS} holes`, {
        hint: 'cp --sparse=never makes a copy without holes',
      });
  }
  return extents.length === 1 && extents[0]!.length === size ? undefined : extents;
}
