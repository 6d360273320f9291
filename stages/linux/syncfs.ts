// syncfs(2)

import { ERRNO, SyscallError } from './errno.ts';
import { loadNative } from './syscall.ts';

interface AsyncCall {
  readonly async: (fd: number, done: (error: Error | null, result: number) => void) => void;
}

let call: AsyncCall | undefined;

/** Waits in a thread of the pool until all that was written to the file system of that descriptor is on its disk. */
export async function syncfs(fd: number): Promise<void> {
  const { async: start } = (call ??= loadNative().libc.func('int syncfs(int)') as AsyncCall);
  const result = await new Promise<number>((resolve, reject) => {
    start(fd, (error, value) => (error ? reject(error) : resolve(value)));
  });
  // errno is the other thread's. Of a good descriptor the call says one thing: what was written is lost.
  if (result !== 0) throw new SyscallError('syncfs', ERRNO.EIO);
}
