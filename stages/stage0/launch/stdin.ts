import { createWriteStream, fstatSync } from 'node:fs';
import { O_CLOEXEC } from '../../linux/constants.ts';
import { syscall } from '../../linux/syscall.ts';

/**
 * The descriptor an app gets as its standard input. A pipe or a file of the caller's is handed over as it is; a terminal
 * never is: what the caller types is copied through a pipe.
 */
export function openStandardInput(): number {
  if (!fstatSync(0).isCharacterDevice()) return 0;
  const pair = new Int32Array(new ArrayBuffer(8));
  syscall('pipe2', new Uint8Array(pair.buffer), O_CLOEXEC);
  const sink = createWriteStream('', { fd: pair[1]! });
  // The app has closed its end: nobody reads any more.
  sink.on('error', () => process.stdin.unpipe(sink).pause());
  process.stdin.pipe(sink);
  process.stdin.unref();
  return pair[0]!;
}
