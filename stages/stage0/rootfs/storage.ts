import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
} from '../../linux/constants.ts';
import type { Reg, Tape } from '../../tape/program.ts';
import { newFileSystem } from './mount-ops.ts';
import type { RootfsInput } from './types.ts';

/** The directory for the pod's writable directories. */
export function storageReg(tape: Tape, { storage }: Pick<RootfsInput, 'storage'>): Reg {
  return tape.program.reg(storage === 'pod' ? 'podDir' : 'storage');
}

/**
 * Opens or makes the storage if it is not the pod's own directory. Storage in memory is mounted nowhere, and ends with the last overlay on
 * it.
 */
export function planStorage(tape: Tape, { storage, podAt }: RootfsInput): void {
  const out = tape.program.reg('storage');
  if (storage === 'memory') {
    const reason = { at: podAt, why: "make the pod's writable layers in memory" };
    const attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    newFileSystem(tape, { type: 'tmpfs', options: [['mode', '0700']], attributes }, out, reason);
  } else if (storage !== 'pod') {
    const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    tape.call('openat', [AT_FDCWD, tape.text(storage.path), flags, 0], {
      at: podAt,
      why: `open "${storage.path}" for the pod's writable layers`,
      out,
    });
  }
}

/** Storage in memory is left to the monitor's exit, because closing a detached mount waits for an RCU grace period. */
export function planCloseStorage(attach: Tape, input: RootfsInput): void {
  if (input.storage === 'pod' || input.storage === 'memory') return;
  attach.call('close', [storageReg(attach, input)], { at: input.podAt, why: 'let go of the writable layers' });
}
