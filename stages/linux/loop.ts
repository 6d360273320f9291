// loop(4)

import { closeSync, openSync } from 'node:fs';
import { ERRNO, SyscallError } from './errno.ts';
import { Fd } from './fd.ts';
import { syscall, trySyscall } from './syscall.ts';

/** linux/loop.h */
const LOOP_CTL_GET_FREE = 0x4c82;
const LOOP_CONFIGURE = 0x4c0a;
const LO_FLAGS_AUTOCLEAR = 4;
/** struct loop_config: descriptor, block size, struct loop_info64, reserved. */
const CONFIG_BYTES = 304;
const FLAGS_AT = 8 + 52;
const NAME_AT = 8 + 56;
const NAME_BYTES = 63;

/** Other processes also look for a free device; each time one of them succeeds. */
const MOST_TRIES = 1000;

/** Attaches the file to a block device, which exists until nothing has it open or mounted. */
export function openLoopDevice(path: string): Fd {
  using control = new Fd(openSync('/dev/loop-control', 'r+'));
  using file = new Fd(openSync(path, 'r+'));
  const config = Buffer.alloc(CONFIG_BYTES);
  config.writeUInt32LE(file.number, 0);
  config.writeUInt32LE(LO_FLAGS_AUTOCLEAR, FLAGS_AT);
  config.write(path.slice(-NAME_BYTES), NAME_AT);
  for (let tries = 1; ; tries++) {
    const device = openSync(`/dev/loop${syscall('ioctl', control.number, LOOP_CTL_GET_FREE, 0)}`, 'r+');
    const result = trySyscall('ioctl', device, LOOP_CONFIGURE, config);
    if (result === 0) return new Fd(device);
    closeSync(device);
    if (result !== -ERRNO.EBUSY || tries === MOST_TRIES) throw new SyscallError('ioctl', -result, `on ${path}`);
  }
}
