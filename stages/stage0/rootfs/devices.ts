import {
  AT_EMPTY_PATH,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR_STRICTATIME,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from '../../linux/constants.ts';
import { offset, type Reg, type Tape } from '../../tape/program.ts';
import { attachMount, newFileSystem, setMountAttr } from './mount-ops.ts';
import { writeNewFile } from './targets.ts';
import type { DeviceNode, RootfsInput } from './types.ts';

/** linux/Documentation/admin-guide/devices.txt: the device numbers that applications may rely on. */
const NODES: readonly Pick<DeviceNode, 'name' | 'major' | 'minor'>[] = [
  { name: 'null', major: 1, minor: 3 },
  { name: 'zero', major: 1, minor: 5 },
  { name: 'full', major: 1, minor: 7 },
  { name: 'random', major: 1, minor: 8 },
  { name: 'urandom', major: 1, minor: 9 },
  { name: 'tty', major: 5, minor: 0 },
];

const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
  ['ptmx', 'pts/ptmx'],
  ['core', '/proc/kcore'],
];

const NO_EXEC = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
const SHM_SIZE = '64m';
/** The kernel has 3,072 (kernel.pty.max less kernel.pty.reserve) for all pods together, and no limit of its own for one. */
const MAX_TERMINALS = '512';
/** The group tty has this id on every distribution; devpts uses it. */
const TTY_GID = 5;

/** st_rdev in struct stat: asm/stat.h of x86_64, asm-generic/stat.h of aarch64. */
const ST_RDEV_AT = process.arch === 'arm64' ? 32 : 40;

function deviceReg(tape: Tape, name: string): Reg {
  return tape.program.reg(`device/${name}`);
}

/** linux/kdev_t.h, new_encode_dev */
function rdev(major: number, minor: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const encoded = (minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12);
  new DataView(bytes.buffer).setUint32(0, encoded >>> 0, true);
  return bytes;
}

/**
 * The nodes that isolators ask for beyond those of every pod, without duplicates. Links that we make, such as ptmx, are not
 * replaced.
 */
function askedNodes({ deviceNodes }: RootfsInput): DeviceNode[] {
  const taken = new Set([...NODES, ...LINKS.map(([name]) => ({ name }))].map(({ name }) => name));
  return [...new Map(deviceNodes.filter(({ name }) => !taken.has(name)).map((node) => [node.name, node])).values()];
}

/** mknod fails in a user namespace, so this clones the host's node and checks that it is the device that its name says. */
function planDeviceNode(tape: Tape, device: DeviceNode, out: Reg): void {
  const { name, source, major, minor, at } = device;
  const stat = tape.program.scratch(256);
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
  const reason = { at, why: `open device node "/dev/${name}" (${major}:${minor})` };
  tape.call('open_tree', [AT_FDCWD, tape.text(source), flags], { ...reason, out });
  tape.call('newfstatat', [out, tape.text(''), stat, AT_EMPTY_PATH], reason);
  tape.call('tape.equal', [offset(stat, ST_RDEV_AT), tape.bytes(rdev(major, minor)), 8], reason);
}

/** Nodes for isolators may be where only the host's root can reach them. */
export function planAskedNodes(host: Tape, input: RootfsInput): void {
  for (const node of askedNodes(input)) planDeviceNode(host, node, deviceReg(host, node.name));
}

/** Closes the monitor's own descriptors, once init has inherited them. */
export function planCloseAskedNodes(attach: Tape, input: RootfsInput): void {
  for (const { name, at } of askedNodes(input))
    attach.call('close', [deviceReg(attach, name)], { at, why: `close "/dev/${name}"` });
}

/**
 * Makes /dev of the pod, in init's tree: nodes, links, a separate devpts instance, shm and mqueue. Apps get read-only clones, so
 * that no app can remove a node of another. The nodes are read-only too, which applies to their owner and mode, not to the device:
 * they are the host's inodes, and without a user namespace the pod's root could chmod them for the whole host.
 */
export function planDevTree(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const at = input.podAt;
  const dev = pod.program.reg('dev');
  const reason = { at, why: 'set up /dev' };
  // mode: with 1777, fs.protected_regular would make "> /dev/null" fail in a user namespace.
  const options = [
    ['mode', '0755'],
    ['size', '64k'],
  ] as const;
  pod.call('mkdirat', [initRoot, pod.text('dev'), 0o755], reason);
  newFileSystem(pod, { type: 'tmpfs', options, attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME }, dev, reason);
  attachMount(pod, dev, initRoot, 'dev', reason);
  planNodes(pod, dev, input);
  for (const [name, target] of LINKS) pod.call('symlinkat', [pod.text(target), dev, pod.text(name)], reason);
  for (const name of ['pts', 'shm', 'mqueue']) pod.call('mkdirat', [dev, pod.text(name), 0o755], reason);
  // Before the writable file systems are mounted below.
  setMountAttr(pod, dev, { set: MOUNT_ATTR_RDONLY, recursive: true }, reason);
  planDevFileSystems(pod, dev, input);
  pod.call('close', [dev], reason);
}

function planNodes(tree: Tape, dev: Reg, input: RootfsInput): void {
  const node = tree.program.reg('mount');
  for (const { name, major, minor } of NODES) {
    const device = { name, major, minor, source: `/dev/${name}`, at: input.podAt };
    planDeviceNode(tree, device, node);
    showNode(tree, dev, device, node);
  }
  const made = new Set<string>();
  for (const device of askedNodes(input)) {
    planNodeParents(tree, dev, device, made);
    showNode(tree, dev, device, deviceReg(tree, device.name));
  }
}

/** A queue file system must be mounted by the owner of its namespace: with another pod's, by the monitor while it is inside. */
export function planJoinedQueues(host: Tape, input: RootfsInput): void {
  if (!input.joined.includes('ipc')) return;
  const reason = { at: input.podAt, why: 'mount /dev/mqueue' };
  newFileSystem(host, { type: 'mqueue', options: [], attributes: NO_EXEC }, host.program.reg('mqueue'), reason);
}

function planNodeParents(tree: Tape, dev: Reg, { name, at }: DeviceNode, made: Set<string>): void {
  const parents = name.split('/').slice(0, -1);
  for (const depth of parents.keys()) {
    const parent = parents.slice(0, depth + 1).join('/');
    if (made.has(parent)) continue;
    made.add(parent);
    tree.call('mkdirat', [dev, tree.text(parent), 0o755], { at, why: `show device node "/dev/${name}"` });
  }
}

function showNode(tree: Tape, dev: Reg, { name, at }: DeviceNode, node: Reg): void {
  const reason = { at, why: `show device node "/dev/${name}"` };
  writeNewFile(tree, dev, name, '', reason);
  attachMount(tree, node, dev, name, reason);
  tree.call('close', [node], reason);
}

function planDevFileSystems(pod: Tape, dev: Reg, { podAt: at, ids, joined }: RootfsInput): void {
  const pts = pod.program.reg('ptmx');
  const ptsOptions = [
    ['newinstance', true],
    ['max', MAX_TERMINALS],
    ['ptmxmode', '0666'],
    ['mode', '0620'],
    // If the group tty has no id in the pod, the kernel rejects it, and terminals belong to the pod's root.
    ...(ids !== undefined && ids <= TTY_GID ? [] : [['gid', `${TTY_GID}`] as const]),
  ] as const;
  const shmOptions = [
    ['mode', '1777'],
    ['size', SHM_SIZE],
  ] as const;
  for (const [name, type, options, attributes, out] of [
    ['pts', 'devpts', ptsOptions, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, pts],
    ['shm', 'tmpfs', shmOptions, NO_EXEC, pod.program.reg('mount')],
    ['mqueue', 'mqueue', [], NO_EXEC, pod.program.reg(joined.includes('ipc') ? 'mqueue' : 'mount')],
  ] as const) {
    const reason = { at, why: `mount /dev/${name}` };
    if (out.name !== 'mqueue') newFileSystem(pod, { type, options, attributes }, out, reason);
    attachMount(pod, out, dev, name, reason);
    // init keeps devpts, to make pseudo-terminals.
    if (out !== pts) pod.call('close', [out], reason);
  }
}
