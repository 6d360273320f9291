import {
  AT_EMPTY_PATH,
  AT_RECURSIVE,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_IDMAP,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../../linux/constants.ts';
import { MOUNT_ATTR_SIZE, MOUNT_ATTR_USERNS_AT, mountAttr } from '../../linux/structs.ts';
import { type OpOptions, offset, type Reg, type Tape, type Text } from '../../tape/program.ts';

/** The reason of an op on the tape; every op of this folder has one. */
export type Reason = Pick<OpOptions, 'at' | 'why' | 'hint'>;
/** A directory descriptor, or AT_FDCWD. */
export type Dir = Reg | number;

export interface CloneOptions {
  readonly recursive?: boolean;
  /** Passed from the attach tape to init. */
  readonly handOver?: boolean;
}

/** A detached copy of the mount at a path; open_tree(2). An empty path means the descriptor itself. */
export function cloneTree(
  tape: Tape,
  from: Dir,
  path: Text,
  out: Reg,
  reason: Reason,
  options: CloneOptions = {},
): void {
  const empty = path === '' ? AT_EMPTY_PATH : 0;
  const recursive = options.recursive ? AT_RECURSIVE : 0;
  tape.call('open_tree', [from, tape.text(path), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive | empty], {
    ...reason,
    out,
    ...(options.handOver ? { handOver: true } : {}),
  });
}

export interface AttrChange {
  readonly set?: bigint;
  readonly recursive?: boolean;
  /** Maps the mount's ids into this user namespace. */
  readonly idmap?: Reg;
}

/** mount_setattr(2), EINVAL. */
const CANNOT_MAP =
  'this file system does not support idmapped mounts (tmpfs does since Linux 6.3, overlays do not): use ext4 or xfs (for the state directory: --root), or give the pod "userns: host"';

/** mount_setattr(2) on a mount's descriptor. */
export function setMountAttr(tape: Tape, mount: Reg, change: AttrChange, reason: Reason): void {
  const set = (change.set ?? 0n) | (change.idmap ? MOUNT_ATTR_IDMAP : 0n);
  const attr = tape.bytes(mountAttr({ set }));
  if (change.idmap) tape.call('tape.store64', [offset(attr, MOUNT_ATTR_USERNS_AT), change.idmap], reason);
  const flags = AT_EMPTY_PATH | (change.recursive ? AT_RECURSIVE : 0);
  const hint = change.idmap ? { hint: CANNOT_MAP } : {};
  tape.call('mount_setattr', [mount, tape.text(''), flags, attr, MOUNT_ATTR_SIZE], { ...reason, ...hint });
}

export interface FileSystem {
  readonly type: string;
  /** Mount options; a value of `true` is a flag. */
  readonly options: readonly (readonly [name: string, value: Text | true])[];
  readonly attributes: bigint;
}

/** A new file system as a detached mount: fsopen(2), fsconfig(2), fsmount(2). */
export function newFileSystem(tape: Tape, fs: FileSystem, out: Reg, reason: Reason, handOver = false): void {
  const context = tape.program.reg('fscontext');
  tape.call('fsopen', [tape.text(fs.type), FSOPEN_CLOEXEC], { ...reason, out: context });
  for (const [name, value] of fs.options) {
    if (value === true) tape.call('fsconfig', [context, FSCONFIG_SET_FLAG, tape.text(name), 0, 0], reason);
    else tape.call('fsconfig', [context, FSCONFIG_SET_STRING, tape.text(name), tape.text(value), 0], reason);
  }
  tape.call('fsconfig', [context, FSCONFIG_CMD_CREATE, 0, 0, 0], reason);
  tape.call('fsmount', [context, FSMOUNT_CLOEXEC, fs.attributes], {
    ...reason,
    out,
    ...(handOver ? { handOver } : {}),
  });
  tape.call('close', [context], reason);
}

/** Attaches a detached mount to a path below a directory; move_mount(2). An empty path means the directory itself. */
export function attachMount(tape: Tape, mount: Reg, dir: Dir, path: string, reason: Reason): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | (path === '' ? MOVE_MOUNT_T_EMPTY_PATH : 0);
  tape.call('move_mount', [mount, tape.text(''), dir, tape.text(path), flags], reason);
}

/** Clones the mount at `from`, changes it, and attaches it at `to`; each is a directory and a path below it. */
export function bind(tape: Tape, from: [Dir, string], to: [Dir, string], reason: Reason, change?: AttrChange): void {
  const mount = tape.program.reg('mount');
  cloneTree(tape, from[0], from[1], mount, reason, { recursive: change?.recursive ?? false });
  if (change?.set) setMountAttr(tape, mount, change, reason);
  attachMount(tape, mount, to[0], to[1], reason);
  tape.call('close', [mount], reason);
}
