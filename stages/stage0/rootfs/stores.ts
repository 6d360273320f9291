import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
} from '../../linux/constants.ts';
import { FS_IOC_FSSETXATTR, projectDirectory, projectLimit, Q_SETQUOTA } from '../../linux/quota.ts';
import { type Reg, sym, type Tape } from '../../tape/program.ts';
import { LAYER_HANGER } from './mount-namespace.ts';
import { attachMount, cloneTree, newFileSystem, type Reason, setMountAttr } from './mount-ops.ts';
import type { RootfsInput, Store } from './types.ts';
import { planUpperDirsOf } from './upper.ts';
import { limitedVolumePath, planVolumeDir, VOLUME_ATTRIBUTES, volumeReg } from './volumes.ts';

/** Overlays name their writable layers by path, and these paths begin with a descriptor's number. */
const FIRST_STORE_FD = 500;
const DEVICE_FD = 499;

/** The loop device of an image, given with the tape: the process that found the free device holds it open. */
export function storeDeviceReg({ program }: Pick<Tape, 'program'>, name: string): Reg {
  return program.reg(`device/store/${name}`);
}

/** The number of the descriptor below which an app's writable layers are; undefined: in the pod's directory. */
export function storeFdOf({ stores }: RootfsInput, app: string): number | undefined {
  const index = stores.findIndex(({ apps }) => apps.includes(app));
  return index < 0 ? undefined : FIRST_STORE_FD + index;
}

/**
 * Makes the stores, with the writable layers and the volumes in them: a directory with a project quota, or a file system of the
 * given size. Their descriptors stay open until the overlays are made.
 */
export function planStores(attach: Tape, input: RootfsInput, podDir: Reg): number[] {
  return input.stores.map((store, i) => {
    const directory = attach.program.reg('store');
    const reason = { at: store.at, why: `limit what "${store.name}" has on disk to ${store.bytes} bytes` };
    if (store.method === 'project') planProject(attach, store, podDir, directory, reason);
    else planFileSystem(attach, input, store, directory, reason);
    for (const app of input.apps) {
      if (store.apps.includes(app.name)) planUpperDirsOf(attach, input, app, directory);
    }
    planVolumes(attach, input, store, directory);
    const number = FIRST_STORE_FD + i;
    attach.call('dup3', [directory, number, O_CLOEXEC], reason);
    attach.call('close', [directory], reason);
    return number;
  });
}

/** Everything made in the directory belongs to the project, whoever makes it: without privilege no file can leave the project. */
function planProject(attach: Tape, { name, bytes }: Store, podDir: Reg, directory: Reg, reason: Reason): void {
  const path = attach.text(`store.${name}`);
  const id = sym(`project.${name}`, 4);
  const { before, after } = projectDirectory();
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  attach.call('mkdirat', [podDir, path, 0o711], reason);
  attach.call('openat', [podDir, path, flags, 0], { ...reason, out: directory });
  attach.call('quotactl_fd', [directory, Q_SETQUOTA, id, attach.bytes(projectLimit(bytes))], reason);
  attach.call('ioctl', [directory, FS_IOC_FSSETXATTR, attach.bytes([before, id, after])], reason);
}

function planFileSystem(attach: Tape, input: RootfsInput, store: Store, directory: Reg, reason: Reason): void {
  const attributes = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID;
  if (store.method === 'memory') {
    const options = [
      ['mode', '0711'],
      ['size', String(store.bytes)],
    ] as const;
    newFileSystem(attach, { type: 'tmpfs', options, attributes }, directory, reason);
  } else {
    const device = storeDeviceReg(attach, store.name);
    attach.call('dup3', [device, DEVICE_FD, O_CLOEXEC], reason);
    attach.call('close', [device], reason);
    const options = [
      ['source', `/proc/self/fd/${DEVICE_FD}`],
      // Space of removed files is freed on the host's disk; unused space is never written.
      ['discard', true],
      ['noinit_itable', true],
    ] as const;
    newFileSystem(attach, { type: 'ext4', options, attributes }, directory, reason);
    attach.call('close', [DEVICE_FD], reason);
  }
  if (!input.detachedLayers) attachMount(attach, directory, AT_FDCWD, LAYER_HANGER, reason);
}

function planVolumes(attach: Tape, input: RootfsInput, store: Store, directory: Reg): void {
  for (const volume of input.volumes) {
    if (!store.volumes.includes(volume.name)) continue;
    const reason = { at: volume.at, why: `make volume "${volume.name}"` };
    const path = limitedVolumePath(volume.name);
    const mount = volumeReg(attach, volume.name);
    planVolumeDir(attach, input, directory, path, reason);
    cloneTree(attach, directory, path, mount, reason, { handOver: true });
    setMountAttr(attach, mount, { set: VOLUME_ATTRIBUTES }, reason);
  }
}

/** init has inherited the descriptors given with the tape. */
export function planCloseStoreDevices(tree: Tape, input: RootfsInput): void {
  for (const { name, method, at } of input.stores) {
    if (method !== 'image') continue;
    tree.call('close', [storeDeviceReg(tree, name)], { at, why: `close the image of "${name}"` });
  }
}
