import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../linux/constants.ts';
import { MOUNT_ATTR_SIZE, mountAttr, openHow } from '../../linux/structs.ts';
import type { ErrnoName } from '../../linux/errno.ts';
import { offset, type Reg, type Tape } from '../../tape/program.ts';
import { cloneTree, type Reason } from './mount-ops.ts';
import type { RootfsApp } from './types.ts';

const INSIDE = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** For a missing path nothing is opened, and the ops that follow for it fail with EBADF. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'ELOOP'] as const;
const ONTO = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

/** Covers the paths an app asked to mask or to make read-only. Comes after its volumes, which may contain the paths. */
export function planProtectedPaths(pod: Tape, app: RootfsApp, initRoot: Reg, root: Reg): void {
  for (const { value, at } of app.readOnlyPaths) makeReadOnly(pod, root, value, { at, why: `make ${value} read-only` });
  for (const { value, at } of app.maskedPaths) {
    const reason = { at, why: `mask ${value}` };
    cover(pod, [initRoot, 'empty'], [root, value, O_DIRECTORY], [], reason);
    // If the path is a directory, it was covered above: a file cannot be mounted on it.
    cover(pod, [initRoot, 'dev/null'], [root, value, 0], ['ENOTDIR', 'EINVAL'], reason);
    checkCovered(pod, root, value, reason);
  }
}

function openTarget(pod: Tape, root: Reg, path: string, flags: number, reason: Reason): Reg {
  const target = pod.program.reg('target');
  const how = pod.bytes(openHow(O_PATH | O_CLOEXEC | flags, INSIDE));
  pod.call('openat2', [root, pod.text(path), how, 24], { ...reason, out: target, tolerate: [...ABSENT] });
  return target;
}

function cover(
  pod: Tape,
  from: [Reg, string],
  to: [Reg, string, number],
  tolerate: readonly ErrnoName[],
  reason: Reason,
): void {
  const mount = pod.program.reg('mount');
  const target = openTarget(pod, to[0], to[1], to[2], reason);
  cloneTree(pod, from[0], from[1], mount, reason);
  const attr = pod.bytes(mountAttr({ set: MOUNT_ATTR_RDONLY }));
  pod.call('mount_setattr', [mount, pod.text(''), AT_EMPTY_PATH, attr, MOUNT_ATTR_SIZE], reason);
  pod.call('move_mount', [mount, pod.text(''), target, pod.text(''), ONTO], {
    ...reason,
    tolerate: ['EBADF', ...tolerate],
  });
  pod.call('close', [mount], reason);
  pod.call('close', [target], { ...reason, tolerate: ['EBADF'] });
}

/** struct statx: stx_attributes at 8; STATX_ATTR_MOUNT_ROOT. */
const STATX_SIZE = 256;
const ATTRIBUTES_AT = 8;
const MOUNT_ROOT = [0, 0x20, 0, 0, 0, 0, 0, 0];

/** Checks that the path is now the root of a mount. For a missing path, the buffer keeps its initial value, which passes. */
function checkCovered(pod: Tape, root: Reg, path: string, reason: Reason): void {
  const target = openTarget(pod, root, path, 0, reason);
  const expected = new Uint8Array(STATX_SIZE);
  expected.set(MOUNT_ROOT, ATTRIBUTES_AT);
  const found = pod.bytes(expected);
  const absent = { ...reason, tolerate: ['EBADF'] as const };
  pod.call('statx', [target, pod.text(''), AT_EMPTY_PATH, 0, found], absent);
  pod.call('tape.equal', [offset(found, ATTRIBUTES_AT), pod.bytes(new Uint8Array(MOUNT_ROOT)), 8], reason);
  pod.call('close', [target], absent);
}

function makeReadOnly(pod: Tape, root: Reg, path: string, reason: Reason): void {
  const mount = pod.program.reg('mount');
  const target = openTarget(pod, root, path, 0, reason);
  const absent = { ...reason, tolerate: ['EBADF'] as const };
  const attr = pod.bytes(mountAttr({ set: MOUNT_ATTR_RDONLY }));
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_EMPTY_PATH;
  pod.call('open_tree', [target, pod.text(''), flags], { ...absent, out: mount });
  pod.call('mount_setattr', [mount, pod.text(''), AT_EMPTY_PATH | AT_RECURSIVE, attr, MOUNT_ATTR_SIZE], absent);
  pod.call('move_mount', [mount, pod.text(''), target, pod.text(''), ONTO], absent);
  pod.call('close', [mount], absent);
  pod.call('close', [target], absent);
}
