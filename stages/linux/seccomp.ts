// seccomp(2): linux/seccomp.h, linux/audit.h

export const SECCOMP_SET_MODE_FILTER = 1;

export const SECCOMP_RET_KILL_PROCESS = 0x8000_0000;
export const SECCOMP_RET_TRAP = 0x0003_0000;
export const SECCOMP_RET_ERRNO = 0x0005_0000;
export const SECCOMP_RET_LOG = 0x7ffc_0000;
export const SECCOMP_RET_ALLOW = 0x7fff_0000;

/** Offsets in struct seccomp_data; the halves of an argument are little-endian on both architectures. */
export const SECCOMP_DATA_NR = 0;
export const SECCOMP_DATA_ARCH = 4;
export const SECCOMP_DATA_ARGS = 16;

/** ELF machine, 64-bit and little-endian flags. */
export const AUDIT_ARCH = { x86_64: 0xc000_003e, aarch64: 0xc000_00b7 } as const;

/** Set in the number of a call made through the x32 ABI, which shares AUDIT_ARCH_X86_64. */
export const X32_SYSCALL_BIT = 0x4000_0000;

/** The number that a tracer sets to skip a call; it includes the x32 bit but is not a call. */
export const SKIPPED_SYSCALL = 0xffff_ffff;
