// syscall(2): the only place that calls the kernel directly. Typed wrappers are in the other files of this directory, one for each
// subsystem.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { ERRNO, SyscallError } from './errno.ts';
import { ARCH } from './arch.ts';
import { findSyscall } from './syscall-numbers.ts';

/** A number, a buffer whose address is passed, a string passed as a NUL-terminated buffer, or null. */
export type SyscallArg = number | bigint | Uint8Array | string | null;

type RawSyscall = (
  nr: number,
  a: number | bigint,
  b: number | bigint,
  c: number | bigint,
  d: number | bigint,
  e: number | bigint,
  f: number | bigint,
) => number;

interface Koffi {
  load(path: string | null): { func(signature: string): unknown };
  address(buffer: Uint8Array): bigint;
  errno(): number;
}

interface Native {
  readonly koffi: Koffi;
  readonly syscall: RawSyscall;
  readonly libc: { func(signature: string): unknown };
  /** The buffer for the strings of one call. */
  readonly strings: { readonly bytes: Buffer; readonly address: number };
}

const STRINGS_BYTES = 16 * 1024;

let native: Native | undefined;

/**
 * koffi's native part without its JavaScript, which searches many places and takes 6 of its 8 ms. Undefined when it is not in the
 * usual place, or is built for another C library; then koffi itself is loaded.
 */
function loadAddon(): Koffi | undefined {
  const platform = `linux-${process.arch}`;
  const addon = `node_modules/@koromix/koffi-${platform}/${platform.replace('-', '_')}/koffi.node`;
  for (let directory = dirname(import.meta.filename); ; directory = dirname(directory)) {
    const path = `${directory}/${addon}`;
    if (existsSync(path)) {
      const module = { exports: {} as Koffi };
      try {
        process.dlopen(module, path);
      } catch {
        // Built for another C library; koffi has a second build for that.
        return undefined;
      }
      return module.exports;
    }
    if (directory === '/') return undefined;
  }
}

function requireKoffi(): unknown {
  return process.getBuiltinModule('node:module').createRequire(import.meta.filename)('koffi');
}

/** The C library through koffi, loaded on first use: many commands do not need it. */
export function loadNative(): Native {
  if (native) return native;
  const koffi = loadAddon() ?? (requireKoffi() as Koffi);
  const libc = koffi.load(null);
  const syscall = libc.func(
    'int64_t syscall(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t)',
  ) as RawSyscall;
  const bytes = Buffer.allocUnsafeSlow(STRINGS_BYTES);
  native = { koffi, syscall, libc, strings: { bytes, address: Number(koffi.address(bytes)) } };
  return native;
}

function numberOf(name: string): number {
  const nr = findSyscall(ARCH, name);
  if (nr === undefined) throw new Error(`no system call "${name}" on ${ARCH}`);
  return nr;
}

/** Returns the call's result, or minus its errno. */
export function trySyscall(name: string, ...args: readonly SyscallArg[]): number {
  const { koffi, syscall, strings } = loadNative();
  const nr = numberOf(name);
  // The strings' buffers must stay reachable until the call returns.
  const buffers: Uint8Array[] = [];
  const values: (number | bigint)[] = [0, 0, 0, 0, 0, 0];
  let used = 0;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (typeof arg === 'number' || typeof arg === 'bigint') values[i] = arg;
    else if (arg instanceof Uint8Array) values[i] = koffi.address(arg);
    else if (typeof arg === 'string') {
      // UTF-8 has at most three bytes for each UTF-16 code unit.
      if (used + 3 * arg.length < STRINGS_BYTES) {
        values[i] = strings.address + used;
        used += strings.bytes.write(arg, used);
        strings.bytes[used++] = 0;
      } else {
        const buffer = Buffer.from(`${arg}\0`);
        buffers.push(buffer);
        values[i] = koffi.address(buffer);
      }
    }
  }
  const result = syscall(nr, values[0]!, values[1]!, values[2]!, values[3]!, values[4]!, values[5]!);
  return result === -1 ? -koffi.errno() : result;
}

/** Returns the call's result. Throws a `SyscallError` with the call's name and errno. */
export function syscall(name: string, ...args: readonly SyscallArg[]): number {
  const result = trySyscall(name, ...args);
  if (result < 0 && result > -4096) throw new SyscallError(name, -result);
  return result;
}

/**
 * As `syscall`, but repeats a call that a signal interrupted. Node installs its handlers with SA_RESTART, but the kernel does not
 * restart calls on a socket with a time limit: signal(7).
 */
export function syscallAgain(name: string, ...args: readonly SyscallArg[]): number {
  for (;;) {
    const result = trySyscall(name, ...args);
    if (result === -ERRNO.EINTR) continue;
    if (result < 0 && result > -4096) throw new SyscallError(name, -result);
    return result;
  }
}

/** The address of a buffer, for structs that contain pointers; the buffer must outlive the call. */
export function addressOf(buffer: Uint8Array): bigint {
  return loadNative().koffi.address(buffer);
}
