import { readFileSync } from 'node:fs';
import { PodError } from '../error.ts';

/** The text of a manifest. `from`: where it is read, when that is not the path; a descriptor. */
export function readManifestText(path: string, from: string | number = path): string {
  try {
    return readFileSync(from, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new PodError('manifest/unreadable', `read manifest "${path}": ${reason}`, { cause });
  }
}
