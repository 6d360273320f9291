// memfd_create(2), F_ADD_SEALS of fcntl(2)

import { writeSync } from 'node:fs';
import { MFD_CLOEXEC } from './constants.ts';
import { Fd } from './fd.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { syscall, trySyscall } from './syscall.ts';

/** An anonymous file with the given content. */
export function memfd(name: string, content: Uint8Array): Fd {
  return filled(new Fd(syscall('memfd_create', name, MFD_CLOEXEC)), content);
}

/** linux/memfd.h, linux/fcntl.h */
const MFD_ALLOW_SEALING = 2;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
/** F_SEAL_SEAL, SHRINK, GROW and WRITE. */
const ALL_SEALS = 0xf;

/** An executable file that can never be changed. */
export function sealedMemfd(name: string, content: Uint8Array): Fd {
  const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  // Until Linux 6.3: every such file is executable, and the flag is unknown.
  const made = trySyscall('memfd_create', name, flags | MFD_EXEC);
  const fd = new Fd(made === -ERRNO.EINVAL ? syscall('memfd_create', name, flags) : checked(made));
  filled(fd, content);
  syscall('fcntl', fd.number, F_ADD_SEALS, ALL_SEALS);
  return fd;
}

function checked(result: number): number {
  if (result < 0) throw new SyscallError('memfd_create', -result);
  return result;
}

function filled(fd: Fd, content: Uint8Array): Fd {
  for (let at = 0; at < content.length;) at += writeSync(fd.number, content, at);
  return fd;
}
