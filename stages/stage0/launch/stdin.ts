import { createWriteStream, fstatSync } from 'node:fs';
import { pipe } from '../../linux/pipe.ts';
import { PodError } from '../error.ts';

/**
 * The descriptor that an app gets as its standard input. The caller's pipe or socket is passed on as it is. Everything else is copied
 * through a pipe: a device must not enter the pod, and a file that the caller opened to be read could be opened again in the pod, by
 * /proc/self/fd, to be written, and its mode could be changed. A directory would be a way out of the pod. For an app with a label,
 * everything is copied: see `isLabelled`.
 */
export function openStandardInput(isLabelled: boolean): number {
  const stats = fstatSync(0);
  if (stats.isDirectory()) throw new PodError('cli/usage', 'read standard input: it is a directory');
  if (!isLabelled && (stats.isFIFO() || stats.isSocket())) return 0;
  const [far, near] = pipe();
  const sink = createWriteStream('', { fd: near.take() });
  // The app has closed its end, so nothing reads the pipe any more.
  sink.on('error', () => process.stdin.unpipe(sink).pause());
  process.stdin.pipe(sink);
  // For /dev/null, as for any device that is not a terminal, Node makes a file stream, which has no `unref` and does not keep the
  // process alive.
  const { unref } = process.stdin as { readonly unref?: () => void };
  unref?.call(process.stdin);
  return far.take();
}
