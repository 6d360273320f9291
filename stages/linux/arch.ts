// uname(2)

import type { Arch } from './syscall-numbers.ts';

/** This machine's architecture, by the kernel's name. */
export const ARCH: Arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
