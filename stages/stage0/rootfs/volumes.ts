import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_NOSYMFOLLOW,
  MOUNT_ATTR_RDONLY,
  O_CLOEXEC,
  O_PATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { openHow } from '../../linux/structs.ts';
import type { MountSpec, VolumeSpec } from '../manifest/spec.ts';
import { type Reg, sym, type Tape } from '../../tape/program.ts';
import { attachMount, cloneTree, newFileSystem, type Reason, setMountAttr } from './mount-ops.ts';
import { storageReg } from './storage.ts';
import { ensureDirectory, ensureFile, openInside, writeNewFile } from './targets.ts';
import type { RootfsInput, RootfsMountPoint, RootfsVolume } from './types.ts';
import { planRootOwner } from './upper.ts';

export const VOLUME_ATTRIBUTES: bigint = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/** A volume made from the manifest contains no links, so none is followed where its secrets are read. */
const INLINE_ATTRIBUTES = VOLUME_ATTRIBUTES | MOUNT_ATTR_NOSYMFOLLOW;

/** The register of a volume's mount. */
export function volumeReg(tape: Tape, name: string): Reg {
  return tape.program.reg(`volume/${name}`);
}

/** The volume's path in the directory of its store. */
export function limitedVolumePath(name: string): string {
  return `volume.${name}`;
}

/** A volume's path in init's own root; for a volume on disk, also in the pod's directory. */
export function volumePath(name: string): string {
  return `volumes/${name}`;
}

/** Makes the directories of `empty` volumes on disk in the pod's directory, accessible to every user in it, as Kubernetes does. */
export function planVolumeDirs(host: Tape, input: RootfsInput): void {
  const storage = storageReg(host, input);
  const onDisk = input.volumes.filter((volume) => isPlainOnDisk(input, volume));
  if (onDisk.length === 0) return;
  host.call('mkdirat', [storage, host.text('volumes'), 0o700], {
    at: input.podAt,
    why: 'make the directory of the volumes',
  });
  for (const volume of onDisk) {
    const reason = { at: volume.at, why: `make volume "${volume.name}"` };
    planVolumeDir(host, input, storage, volumePath(volume.name), reason);
  }
}

/**
 * Excludes volumes with a limit, which are in their store, and volumes with initial contents, which are overlays made with those of
 * the apps.
 */
function isPlainOnDisk({ stores }: RootfsInput, volume: RootfsVolume): boolean {
  if (volume.kind !== 'empty' || volume.medium !== 'disk' || volume.layer !== undefined) return false;
  return !stores.some(({ volumes }) => volumes.includes(volume.name));
}

/** A directory accessible to every user in the pod. */
export function planVolumeDir(tape: Tape, { userns }: RootfsInput, dir: Reg, path: string, reason: Reason): void {
  tape.call('mkdirat', [dir, tape.text(path), 0o777], reason);
  if (userns) tape.call('fchownat', [dir, tape.text(path), sym('uidBase'), sym('uidBase'), 0], reason);
}

/** Clones the host's volumes as detached mounts and hands them to init. */
export function planVolumeSources(attach: Tape, input: RootfsInput): void {
  for (const volume of input.volumes) {
    const mount = volumeReg(attach, volume.name);
    if (isPlainOnDisk(input, volume)) {
      const reason = { at: volume.at, why: `open volume "${volume.name}"` };
      cloneTree(attach, storageReg(attach, input), volumePath(volume.name), mount, reason, { handOver: true });
      setMountAttr(attach, mount, { set: VOLUME_ATTRIBUTES }, reason);
    } else if (volume.kind === 'host') {
      planHostVolume(attach, volume, mount, input.userns);
    }
  }
}

/** Includes everything mounted below it; read-only applies to the submounts too. */
function planHostVolume(
  attach: Tape,
  volume: Extract<VolumeSpec, { kind: 'host' }>,
  mount: Reg,
  userns: boolean,
): void {
  const reason = { at: volume.at, why: `mount ${JSON.stringify(volume.source)} as volume "${volume.name}"` };
  cloneTree(attach, AT_FDCWD, volume.source, mount, reason, { recursive: true, handOver: true });
  const set = VOLUME_ATTRIBUTES | (volume.readOnly ? MOUNT_ATTR_RDONLY : 0n);
  setMountAttr(attach, mount, { set, recursive: true }, reason);
  if (!userns) return;
  setMountAttr(
    attach,
    mount,
    { idmap: attach.program.reg('userns'), recursive: true },
    {
      at: volume.at,
      why: `map the owners of ${JSON.stringify(volume.source)} into the pod's user namespace`,
    },
  );
}

/** Mounts each volume once in init's own tree, before any app's root. */
export function planVolumeTree(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  if (input.volumes.length === 0) return;
  pod.call('mkdirat', [initRoot, pod.text('volumes'), 0o700], {
    at: input.podAt,
    why: 'make the directory of the volumes',
  });
  for (const volume of input.volumes) {
    const reason = { at: volume.at, why: `set up volume "${volume.name}"` };
    const path = volumePath(volume.name);
    if (volume.isFile) writeNewFile(pod, initRoot, path, '', reason);
    else pod.call('mkdirat', [initRoot, pod.text(path), 0o755], reason);
    const mount = planVolumeMount(pod, volume, reason);
    planRootOwner(pod, volume.layer, mount, reason);
    attachMount(pod, mount, initRoot, path, reason);
    pod.call('close', [mount], reason);
  }
}

function planVolumeMount(pod: Tape, volume: RootfsVolume, reason: Reason): Reg {
  const mount = volumeReg(pod, volume.name);
  if (volume.kind === 'inline') planInlineVolume(pod, volume, mount, reason);
  if (volume.kind === 'empty' && volume.medium === 'memory') {
    const size = volume.sizeBytes === undefined ? [] : ([['size', String(volume.sizeBytes)]] as const);
    newFileSystem(
      pod,
      { type: 'tmpfs', options: [['mode', '0777'], ...size], attributes: VOLUME_ATTRIBUTES },
      mount,
      reason,
    );
  }
  return mount;
}

/** Written once and then made read-only, like a ConfigMap. */
function planInlineVolume(
  pod: Tape,
  volume: Extract<VolumeSpec, { kind: 'inline' }>,
  mount: Reg,
  reason: Reason,
): void {
  newFileSystem(pod, { type: 'tmpfs', options: [['mode', '0755']], attributes: INLINE_ATTRIBUTES }, mount, reason);
  for (const [path, content] of Object.entries(volume.files)) {
    const at = path.lastIndexOf('/');
    if (at > 0) ensureDirectory(pod, mount, path.slice(0, at), reason);
    writeNewFile(pod, mount, path, content, reason);
  }
  setMountAttr(pod, mount, { set: MOUNT_ATTR_RDONLY }, reason);
}

/** Mounts a volume in an app's root. `above`: the mount that contains the mount point, which may be read-only. */
export function planMount(
  pod: Tape,
  at: { readonly initRoot: Reg; readonly root: Reg },
  mount: RootfsMountPoint,
  volume: RootfsVolume,
  above: RootfsMountPoint | undefined,
): void {
  const { program } = pod;
  const clone = program.reg('mount');
  const target = program.reg('target');
  const reason = { at: mount.at, why: `mount volume "${mount.volume}" on ${JSON.stringify(mount.path)}` };
  cloneVolume(pod, at.initRoot, { mount, volume }, clone, reason);
  if (mount.readOnly) setMountAttr(pod, clone, { set: MOUNT_ATTR_RDONLY, recursive: true }, reason);
  const hint = above ? placeIn(above) : mount.path.startsWith('/dev/') ? DEV_IS_FULL : undefined;
  const make = hint ? { ...reason, hint } : reason;
  if (isFileMount(volume, mount)) ensureFile(pod, at.root, mount.path, make);
  else ensureDirectory(pod, at.root, mount.path, make);
  openInside(pod, at.root, mount.path, O_PATH, target, reason);
  attachMount(pod, clone, target, '', reason);
  pod.call('close', [target], reason);
  pod.call('close', [clone], reason);
}

/** For mounts in /dev, which all apps share. */
const DEV_IS_FULL = 'nothing can be created in /dev, which is read-only; /dev/shm is writable';

function placeIn({ volume, path }: MountSpec): string {
  return `it is in volume "${volume}", mounted on ${JSON.stringify(path)}: a read-only volume must already contain the mount point`;
}

function isFileMount(volume: RootfsVolume, { subPath, isFile }: RootfsMountPoint): boolean {
  if (subPath === undefined) return volume.isFile;
  return volume.kind === 'inline' ? Object.hasOwn(volume.files, subPath) : isFile === true;
}

/**
 * A subPath is opened without following links, so that nothing an app put into the volume earlier can lead out of it. In an `empty`
 * volume it is made if necessary, accessible to every user in the pod, like the volume.
 */
function cloneVolume(
  pod: Tape,
  initRoot: Reg,
  { mount, volume: { kind } }: { readonly mount: MountSpec; readonly volume: RootfsVolume },
  clone: Reg,
  reason: Reason,
): void {
  const path = volumePath(mount.volume);
  if (mount.subPath === undefined) {
    cloneTree(pod, initRoot, path, clone, reason, { recursive: true });
    return;
  }
  const volume = pod.program.reg('volume');
  const sub = pod.program.reg('sub');
  const how = pod.bytes(openHow(O_PATH | O_CLOEXEC, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS));
  const open = { ...reason, why: `open "${mount.subPath}" in volume "${mount.volume}"` };
  pod.call('openat', [initRoot, pod.text(path), O_PATH | O_CLOEXEC, 0], { ...open, out: volume });
  if (kind === 'empty') ensureDirectory(pod, volume, mount.subPath, reason, 0o777);
  pod.call('openat2', [volume, pod.text(mount.subPath), how, 24], { ...open, out: sub });
  cloneTree(pod, sub, '', clone, reason, { recursive: true });
  pod.call('close', [sub], reason);
  pod.call('close', [volume], reason);
}
