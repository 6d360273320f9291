// memfd_create(2)

import { writeSync } from 'node:fs';
import { MFD_CLOEXEC } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/** An anonymous file with that content. */
export function memfd(name: string, content: Uint8Array): Fd {
  const fd = new Fd(syscall('memfd_create', name, MFD_CLOEXEC));
  for (let at = 0; at < content.length;) at += writeSync(fd.number, content, at);
  return fd;
}
