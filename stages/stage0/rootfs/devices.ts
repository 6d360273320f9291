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
import type { Position } from '../error.ts';
import { attachMount, newFileSystem, setMountAttr } from './mount-ops.ts';
import { writeNewFile } from './targets.ts';

/** linux/Documentation/admin-guide/devices.txt: the numbers an application may rely on. */
const NODES: readonly { readonly name: string; readonly major: number; readonly minor: number }[] = [
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

/** st_rdev in struct stat: asm/stat.h of x86_64, asm-generic/stat.h of aarch64. */
const ST_RDEV_AT = process.arch === 'arm64' ? 32 : 40;

function deviceReg(tape: Tape, name: string): Reg {
  return tape.program.reg(`device/${name}`);
}

function rdev(major: number, minor: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setUint32(0, (major << 8) | minor, true);
  return bytes;
}

/** mknod is refused in a user namespace: clones of the host's nodes, each checked to be the device its name says. */
export function planDeviceNodes(host: Tape, at: Position): void {
  const stat = host.program.scratch(256);
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
  for (const { name, major, minor } of NODES) {
    const node = deviceReg(host, name);
    const reason = { at, why: `open device node "/dev/${name}" (${major}:${minor})` };
    host.call('open_tree', [AT_FDCWD, host.text(`/dev/${name}`), flags], { ...reason, out: node });
    host.call('newfstatat', [node, host.text(''), stat, AT_EMPTY_PATH], reason);
    host.call('tape.equal', [offset(stat, ST_RDEV_AT), host.bytes(rdev(major, minor)), 8], reason);
  }
}

/** The monitor's own descriptors of them, once init has inherited them. */
export function planCloseDeviceNodes(attach: Tape, at: Position): void {
  for (const { name } of NODES) attach.call('close', [deviceReg(attach, name)], { at, why: `close "/dev/${name}"` });
}

/**
 * /dev of the pod, in init's tree: nodes, links, a devpts instance of its own, shm and mqueue. Apps get clones of it, read-only
 * at the top so that none can take a node from another.
 */
export function planDevTree(pod: Tape, initRoot: Reg, at: Position): void {
  const dev = pod.program.reg('dev');
  const reason = { at, why: 'set up /dev' };
  // mode: with 1777, fs.protected_regular makes "> /dev/null" fail in a user namespace.
  const options = [
    ['mode', '0755'],
    ['size', '64k'],
  ] as const;
  pod.call('mkdirat', [initRoot, pod.text('dev'), 0o755], reason);
  newFileSystem(pod, { type: 'tmpfs', options, attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_STRICTATIME }, dev, reason);
  attachMount(pod, dev, initRoot, 'dev', reason);
  for (const { name } of NODES) {
    writeNewFile(pod, dev, name, '', reason);
    attachMount(pod, deviceReg(pod, name), dev, name, reason);
    pod.call('close', [deviceReg(pod, name)], reason);
  }
  for (const [name, target] of LINKS) pod.call('symlinkat', [pod.text(target), dev, pod.text(name)], reason);
  planDevFileSystems(pod, dev, at);
  setMountAttr(pod, dev, { set: MOUNT_ATTR_RDONLY }, reason);
  pod.call('close', [dev], reason);
}

function planDevFileSystems(pod: Tape, dev: Reg, at: Position): void {
  const pts = pod.program.reg('ptmx');
  const ptsOptions = [
    ['newinstance', true],
    ['ptmxmode', '0666'],
    ['mode', '0620'],
    ['gid', '5'],
  ] as const;
  const shmOptions = [
    ['mode', '1777'],
    ['size', SHM_SIZE],
  ] as const;
  for (const [name, type, options, attributes, out] of [
    ['pts', 'devpts', ptsOptions, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, pts],
    ['shm', 'tmpfs', shmOptions, NO_EXEC, pod.program.reg('mount')],
    ['mqueue', 'mqueue', [], NO_EXEC, pod.program.reg('mount')],
  ] as const) {
    const reason = { at, why: `mount /dev/${name}` };
    pod.call('mkdirat', [dev, pod.text(name), 0o755], reason);
    newFileSystem(pod, { type, options, attributes }, out, reason);
    attachMount(pod, out, dev, name, reason);
    // init keeps devpts, to make pseudo-terminals from.
    if (out !== pts) pod.call('close', [out], reason);
  }
}
