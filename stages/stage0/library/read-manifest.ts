import { readFileSync } from 'node:fs';
import { PodError } from '../error.ts';

export function readManifestText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw new PodError('manifest/unreadable', `read manifest "${path}": ${reason}`, { cause });
  }
}
