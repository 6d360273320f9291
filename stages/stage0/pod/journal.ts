import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

/** A journal up to this size has never been shortened, so its start need not be looked up. */
const WHOLE_BYTES = 128 * 1024;
const CHUNK_BYTES = 64 * 1024;

export interface OpenJournal {
  readonly fd: number;
  /** Data before this offset was freed on disk; the offset may be within a line. */
  readonly start: number;
}

/** Undefined when there is no journal yet, or something else in its place. */
export function openJournal(podPath: string): OpenJournal | undefined {
  try {
    const fd = openSync(`${podPath}/${POD_FILES.events}`, constants.O_RDONLY | constants.O_NOFOLLOW);
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, start: stats.size <= WHOLE_BYTES ? 0 : readStart(podPath) };
    closeSync(fd);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

export function readJournal(podPath: string): string | undefined {
  const journal = openJournal(podPath);
  if (!journal) return undefined;
  try {
    return readFrom(journal.fd, journal.start).toString('utf8');
  } finally {
    closeSync(journal.fd);
  }
}

/** Reads from an offset to the current end. */
export function readFrom(fd: number, start: number): Buffer {
  const chunks: Buffer[] = [];
  for (let at = start; ;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(fd, chunk, 0, CHUNK_BYTES, at);
    if (length === 0) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, length));
    at += length;
  }
}

/** The start is in the last slot of the final record. */
function readStart(podPath: string): number {
  return Number(/\{"from":(\d{1,15})\}/.exec(readIfThere(`${podPath}/${POD_FILES.final}`) ?? '')?.[1] ?? 0);
}
