import {
  AT_FDCWD,
  AT_RECURSIVE,
  MNT_DETACH,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MS_PRIVATE,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { MOUNT_ATTR_SIZE, mountAttr, openHow } from '../../linux/structs.ts';
import type { MountSpec } from '../manifest/spec.ts';
import type { Reg, Tape } from '../../tape/program.ts';
import { planCgroupViews, planCgroupViewTree } from './cgroup-view.ts';
import { planDevTree } from './devices.ts';
import { planKernelPathProtection, planProc, planSys } from './kernel-fs.ts';
import { attachMount, cloneTree, type FileSystem, newFileSystem, setMountAttr } from './mount-ops.ts';
import { overlayReg } from './overlay.ts';
import { planProtectedPaths } from './protected-paths.ts';
import { planSysctls } from './sysctls.ts';
import { planCloseLateFiles, replaceFiles } from './network-files.ts';
import { ensureDirectory, openInside } from './targets.ts';
import type { RootfsApp, RootfsInput, RootfsMountPoint } from './types.ts';
import { planRootOwner } from './upper.ts';
import { planMount, planVolumeTree } from './volumes.ts';

/** A directory that every host has, as a mount point for init's root until the pivot. Nothing below it is looked up afterwards. */
const HANGER = '/usr';

/**
 * Makes init's own root: an empty tmpfs with one /proc, /sys and /dev to clone for the apps. It needs nothing from the monitor, so
 * init makes it while the monitor still makes the overlays.
 */
export function planKernelTree(tree: Tape, input: RootfsInput): void {
  const initRoot = tree.program.reg('initRoot');
  planInitRoot(tree, input, initRoot);
  planProc(tree, input, initRoot);
  planSysctls(tree, input);
  planSys(tree, input, initRoot);
  planDevTree(tree, input, initRoot);
  planKernelPathProtection(tree, input, initRoot);
  planCgroupViewTree(tree, input, initRoot);
}

/**
 * Mounts volumes and the apps' roots. Everything is mounted before the old root is removed: a user namespace may mount proc and
 * sysfs only while the host's are still visible in it.
 */
export function planPodTree(pod: Tape, input: RootfsInput): void {
  const initRoot = pod.program.reg('initRoot');
  planVolumeTree(pod, input, initRoot);
  pod.call('mkdirat', [initRoot, pod.text('apps'), 0o700], { at: input.podAt, why: 'make the directory of the apps' });
  for (const app of input.apps) planAppRoot(pod, input, app, initRoot);
  planCloseLateFiles(pod, input);
  planPivot(pod, input, initRoot);
}

/** rprivate first: mounts made here must not appear on the host, nor the host's here. */
function planInitRoot(tree: Tape, input: RootfsInput, initRoot: Reg): void {
  const isolate = { at: input.podAt, why: 'cut the mount tree off from the host' };
  const attr = tree.bytes(mountAttr({ propagation: MS_PRIVATE }));
  tree.call('mount_setattr', [AT_FDCWD, tree.text('/'), AT_RECURSIVE, attr, MOUNT_ATTR_SIZE], isolate);
  const floor = tree.program.reg('floor');
  const lay = { at: input.podAt, why: 'mount what lies under all roots' };
  newFileSystem(tree, smallFileSystem('0555', '4k'), floor, lay);
  setMountAttr(tree, floor, { set: MOUNT_ATTR_RDONLY }, lay);
  attachMount(tree, floor, AT_FDCWD, HANGER, lay);
  const make = { at: input.podAt, why: "mount init's root" };
  newFileSystem(tree, smallFileSystem('0755', '1m'), initRoot, make);
  attachMount(tree, initRoot, AT_FDCWD, HANGER, make);
}

function smallFileSystem(mode: string, size: string): FileSystem {
  return {
    type: 'tmpfs',
    options: [
      ['mode', mode],
      ['size', size],
    ],
    attributes: MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
  };
}

function planAppRoot(pod: Tape, input: RootfsInput, app: RootfsApp, initRoot: Reg): void {
  const root = pod.program.reg('appRoot');
  const reason = { at: app.imageAt, why: `set up the root file system of app "${app.name}"` };
  pod.call('mkdirat', [initRoot, pod.text(`apps/${app.name}`), 0o755], reason);
  attachMount(pod, overlayReg(pod, app, 0), initRoot, `apps/${app.name}`, reason);
  pod.call('openat', [initRoot, pod.text(`apps/${app.name}`), O_PATH | O_DIRECTORY | O_CLOEXEC, 0], {
    ...reason,
    out: root,
  });
  planImageMounts(pod, app, root);
  app.imageMounts.forEach(({ layer }, i) => planRootOwner(pod, layer, overlayReg(pod, app, i), reason));
  replaceFiles(pod, input, app, root);
  planWorkingDirectory(pod, app, root);
  const isBelowDev = ({ path }: MountSpec): boolean => path.startsWith('/dev/');
  // The kernel's directories cover whatever a link of the image has placed there, so that nothing can replace them
  // (CVE-2019-19921).
  planMounts(
    pod,
    input,
    { initRoot, root },
    app.mounts.filter((mount) => !isBelowDev(mount)),
  );
  for (const name of ['proc', 'sys', 'dev']) planKernelDirectory(pod, app, initRoot, root, name);
  planCgroupViews(pod, app, initRoot);
  planMounts(pod, input, { initRoot, root }, app.mounts.filter(isBelowDev));
  planProtectedPaths(pod, app, initRoot, root);
  finishAppRoot(pod, app, root);
}

/**
 * An image may name a working directory and leave it to the runtime to make it. Done before any volume is mounted, so that nothing
 * is made on the host.
 */
function planWorkingDirectory(pod: Tape, { workingDirectory: path, imageAt }: RootfsApp, root: Reg): void {
  if (path === undefined || path === '/') return;
  ensureDirectory(pod, root, path, { at: imageAt, why: `make the image's working directory ${JSON.stringify(path)}` });
}

/** Mounts nearer to the root come first; otherwise they would hide the others. */
function planMounts(
  pod: Tape,
  input: RootfsInput,
  at: { initRoot: Reg; root: Reg },
  mounts: readonly RootfsMountPoint[],
): void {
  const byDepth = mounts.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length);
  for (const mount of byDepth) {
    const volume = input.volumes.find(({ name }) => name === mount.volume);
    if (!volume) throw new Error(`mount of unknown volume "${mount.volume}" passed validation`);
    const above = byDepth.findLast(({ path }) => mount.path.startsWith(`${path}/`));
    planMount(pod, at, mount, volume, above);
  }
}

function planImageMounts(pod: Tape, app: RootfsApp, root: Reg): void {
  const target = pod.program.reg('target');
  app.imageMounts.forEach((mount, i) => {
    if (i === 0) return;
    const reason = { at: app.imageAt, why: `mount ${mount.target} of app "${app.name}"` };
    ensureDirectory(pod, root, mount.target, reason);
    openInside(pod, root, mount.target, O_PATH | O_DIRECTORY, target, reason);
    attachMount(pod, overlayReg(pod, app, i), target, '', reason);
    pod.call('close', [target], reason);
  });
}

/** A link in place of /proc, /sys or /dev is rejected, because an image could use it to move them (CVE-2019-19921). */
function planKernelDirectory(pod: Tape, app: RootfsApp, initRoot: Reg, root: Reg, name: string): void {
  const { program } = pod;
  const mount = program.reg('mount');
  const target = program.reg('target');
  const reason = { at: app.imageAt, why: `mount /${name} of app "${app.name}"` };
  const how = pod.bytes(
    openHow(O_PATH | O_DIRECTORY | O_CLOEXEC, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS),
  );
  pod.call('mkdirat', [root, pod.text(name), 0o755], { ...reason, tolerate: ['EEXIST'] });
  pod.call('openat2', [root, pod.text(name), how, 24], { ...reason, out: target });
  cloneTree(pod, initRoot, name, mount, reason, { recursive: true });
  attachMount(pod, mount, target, '', reason);
  pod.call('close', [target], reason);
  pod.call('close', [mount], reason);
}

/** Read-only is set last, when all mount points have been made. */
function finishAppRoot(pod: Tape, app: RootfsApp, root: Reg): void {
  const reason = { at: app.at, why: `make the root file system of app "${app.name}" read-only` };
  app.imageMounts.forEach((_, i) => {
    const overlay = overlayReg(pod, app, i);
    if (app.readOnly) setMountAttr(pod, overlay, { set: MOUNT_ATTR_RDONLY }, reason);
    pod.call('close', [overlay], reason);
  });
  pod.call('close', [root], { at: app.at, why: `finish the root file system of app "${app.name}"` });
}

/**
 * Makes the floor the root of the mount namespace, with init's root on top of it. init's working directory stays on the floor:
 * through it the apps' processes reach the floor, to exchange init's root for their own (docs/decisions/028).
 */
function planPivot(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const floor = pod.program.reg('floor');
  const reason = { at: input.podAt, why: "leave the host's root file system" };
  setMountAttr(pod, initRoot, { set: MOUNT_ATTR_RDONLY }, reason);
  pod.call('fchdir', [floor], reason);
  // The old root is now on top of init's root, which is on the floor.
  pod.call('pivot_root', [pod.text('.'), pod.text('.')], reason);
  pod.call('umount2', [pod.text('.'), MNT_DETACH], reason);
  pod.call('fchdir', [initRoot], reason);
  pod.call('chroot', [pod.text('.')], reason);
  pod.call('fchdir', [floor], reason);
  pod.call('close', [initRoot], reason);
  pod.call('close', [floor], reason);
}
