// fsopen(2), fsconfig(2), fsmount(2)

import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
} from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/**
 * A new file system as a detached mount: no mount table shows it, and it ends with its descriptor. `options` are set in this
 * order, those without a value as flags; `attributes`: MOUNT_ATTR_*. Errors: ENODEV for an unknown type, EINVAL for options it does not take, EPERM.
 */
export function newMount(
  type: string,
  options: readonly (readonly [name: string, value: string | null])[],
  attributes: bigint = 0n,
): Fd {
  using context = new Fd(syscall('fsopen', type, FSOPEN_CLOEXEC));
  for (const [name, value] of options)
    syscall('fsconfig', context.number, value === null ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, name, value, 0);
  syscall('fsconfig', context.number, FSCONFIG_CMD_CREATE, null, null, 0);
  return new Fd(syscall('fsmount', context.number, FSMOUNT_CLOEXEC, attributes));
}
