// syncfs(2)

import { ERRNO, SyscallError } from './errno.ts';
import { loadNative } from './syscall.ts';

interface AsyncCall {
  readonly async: (fd: number, done: (error: Error | null, result: number) => void) => void;
}

let call: AsyncCall | undefined;

/** Waits, in a thread of the pool, until everything written to the descriptor's file system is on disk. */
export async function syncfs(fd: number): Promise<void> {
  const { async: start } = (call ??= loadNative().libc.func('int syncfs(int)') as AsyncCall);
  const result = await new Promise<number>((resolve, reject) => {
    start(fd, (error, value) => (error ? reject(error) : resolve(value)));
  });
  // errno belongs to the other thread. For a valid descriptor the only failure is that written data was lost.
  if (result !== 0) throw new SyscallError('syncfs', ERRNO.EIO);
}
