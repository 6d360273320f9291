import { closeSync, openSync, readSync } from 'node:fs';
import { type Blob, unreadable } from './blob.ts';
import type { TarEntry } from './tar/entry.ts';
import { corrupt, printable } from './tar/fault.ts';
import { BLOCK } from './tar/header.ts';
import { TarReader } from './tar/reader.ts';

/** The place of a member in an uncompressed archive, or the target of a symbolic link. */
export interface Member {
  readonly start: number;
  readonly size: number;
  readonly linkTarget?: string;
}

/** Members by name, without a leading `./`. */
export type Members = ReadonlyMap<string, Member>;

/** An image has a few files for each layer. */
const LIMITS = { maxEntries: 100_000, maxMetaBytes: 1024 * 1024 };

/** Reads only the headers and skips the bodies. */
export function indexMembers(archive: Blob): Members {
  const members = new Map<string, Member>();
  let at = archive.start;
  const note = (entry: TarEntry): void => {
    const name = entry.path.replace(/^\.\//, '');
    if (entry.extents) throw corrupt(`read ${archive.label}: its member "${printable(name)}" is a sparse file`);
    if (entry.type === 'file') members.set(name, { start: at + BLOCK, size: entry.size });
    else if (entry.type === 'symlink') members.set(name, { start: 0, size: 0, linkTarget: entry.linkPath });
  };
  const reader = new TarReader(archive.label, { begin: note, data: () => undefined, end: () => undefined }, LIMITS);
  const end = archive.start + archive.size;
  const block = Buffer.alloc(BLOCK);
  const fd = openArchive(archive);
  try {
    for (; at + BLOCK <= end && !reader.ended; at += BLOCK + reader.skipBody()) {
      if (readSync(fd, block, 0, BLOCK, at) !== BLOCK)
        throw corrupt(`read ${archive.label}: it ends in the middle of a block`);
      reader.write(block);
    }
    if (at > end) throw corrupt(`read ${archive.label}: its last member is cut short`);
    reader.finish();
  } finally {
    closeSync(fd);
  }
  return members;
}

function openArchive(archive: Blob): number {
  try {
    return openSync(archive.path, 'r');
  } catch (error) {
    throw unreadable(archive.label, error);
  }
}
