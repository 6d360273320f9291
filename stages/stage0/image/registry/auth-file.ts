import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { PodError } from '../../error.ts';
import { type JsonObject, objectOf } from '../json.ts';

const MOST_BYTES = 1024 * 1024;

/** Undefined when there is no such file, or when it is another user's. */
export function readAuthFile(path: string): JsonObject | undefined {
  const text = readText(path);
  if (text === undefined) return undefined;
  try {
    return objectOf(JSON.parse(text), path);
  } catch {
    // Not what the parser says: it quotes the text, which is a secret.
    throw malformed(path, 'it is not JSON');
  }
}

/** The directory may be somebody else's, as root's `HOME` after `sudo -E`: a pipe there is not waited for. */
function readText(path: string): string | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw malformed(path, 'it is not a regular file');
    if (stat.size > MOST_BYTES) throw malformed(path, `larger than ${MOST_BYTES >> 20} MiB`);
    return readFileSync(fd, 'utf8');
  } catch (error) {
    if (error instanceof PodError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return undefined;
    throw malformed(path, message);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function malformed(path: string, found: string): PodError {
  return new PodError('image/denied', `read credentials from "${path}": ${found}`, {
    hint: 'podman login and docker login write such files',
  });
}
