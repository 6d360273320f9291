import { createWriteStream, fstatSync } from 'node:fs';
import { pipe } from '../../linux/pipe.ts';
import { PodError } from '../error.ts';

/**
 * The descriptor an app gets as its standard input. A pipe or a file of the caller's is handed over as it is; a terminal
 * never is: what the caller types is copied through a pipe. So is what comes from any other device. A directory would be a way out of the pod.
 */
export function openStandardInput(): number {
  const stats = fstatSync(0);
  if (stats.isDirectory()) throw new PodError('cli/usage', 'standard input of ours: it is a directory');
  if (!stats.isCharacterDevice()) return 0;
  const [far, near] = pipe();
  const sink = createWriteStream('', { fd: near.take() });
  // The app has closed its end: nobody reads any more.
  sink.on('error', () => process.stdin.unpipe(sink).pause());
  process.stdin.pipe(sink);
  // Of /dev/null, as of any device that is no terminal, Node makes a file, which nobody waits for at the end.
  const { unref } = process.stdin as { readonly unref?: () => void };
  unref?.call(process.stdin);
  return far.take();
}
