import { basename, dirname, join } from 'node:path';
import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOSUID,
  O_CLOEXEC,
  O_DIRECTORY,
  O_PATH,
} from '../../linux/constants.ts';
import { lowerOptions } from '../../linux/lower-options.ts';
import type { Reg, Tape } from '../../tape/program.ts';
import { planFileLayer, planLateFiles } from './network-files.ts';
import { inMountNamespace, LAYER_HANGER } from './mount-namespace.ts';
import { storageReg } from './storage.ts';
import { volumeReg } from './volumes.ts';
import { attachMount, cloneTree, newFileSystem, type Reason, setMountAttr } from './mount-ops.ts';
import { planStores, storeFdOf } from './stores.ts';
import type { RootfsApp, RootfsInput } from './types.ts';
import { overlayDir, planUpperDirsOf, planWorkRemoval, planWritable, volumeDirs, type WritableDirs } from './upper.ts';

/**
 * fsconfig(2) takes strings of at most 255 bytes, and an overlay names its layers by path: descriptors with fixed numbers keep the
 * paths short. The numbers are above anything that the monitor opens otherwise.
 */
const STORAGE_FD = 900;
const FILES_FD = 901;
const FIRST_LOWER_FD = 902;

/** How a layer is reached: `/proc/self/fd/N` of an idmapped clone, and the path below it. */
class Lowers {
  readonly #tape: Tape;
  readonly #input: RootfsInput;
  readonly #clones = new Map<string, string>();

  constructor(tape: Tape, input: RootfsInput) {
    this.#tape = tape;
    this.#input = input;
  }

  pathOf(layer: string, reason: Reason): string {
    const { layersDir, detachedLayers } = this.#input;
    // The working directory is /proc/self/fd: until Linux 6.7 all layers together have to fit into one string.
    if (!detachedLayers) return basename(this.#clone(layer, reason));
    // All layers of the store are in one directory, so one mapped mount serves them all.
    if (dirname(layer) === layersDir) return join(this.#clone(layersDir, reason), layer.slice(layersDir.length));
    return this.#clone(layer, reason);
  }

  /** The path of a layer that is already owned by the pod's root. */
  ownPath(fd: number): string {
    return this.#input.detachedLayers ? `/proc/self/fd/${fd}` : `${fd}`;
  }

  #clone(directory: string, reason: Reason): string {
    const known = this.#clones.get(directory);
    if (known) return known;
    const { program } = this.#tape;
    const mount = program.reg('lower');
    const number = FIRST_LOWER_FD + this.#clones.size;
    if (this.#input.isNormalUser) this.#open(directory, mount, reason);
    else cloneTree(this.#tape, AT_FDCWD, directory, mount, reason);
    if (this.#input.userns) {
      const why = `map the owners of the image's files in "${directory}" into the pod's user namespace`;
      setMountAttr(this.#tape, mount, { idmap: program.reg('userns') }, { ...reason, why });
    }
    if (!this.#input.detachedLayers && !this.#input.isNormalUser)
      attachMount(this.#tape, mount, AT_FDCWD, LAYER_HANGER, reason);
    this.#tape.call('dup3', [mount, number, O_CLOEXEC], reason);
    this.#tape.call('close', [mount], reason);
    const path = `/proc/self/fd/${number}`;
    this.#clones.set(directory, path);
    return path;
  }

  /** For a normal user nothing needs mapping, and a part of a mount that has other mounts below it could not be cloned alone. */
  #open(directory: string, out: Reg, reason: Reason): void {
    const path = this.#tape.text(directory);
    this.#tape.call('openat', [AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0], { ...reason, out });
  }

  get fds(): number[] {
    return [...this.#clones].map((_, i) => FIRST_LOWER_FD + i);
  }
}

/** The register of an app's overlay number `index`; 0 is its root. */
export function overlayReg(tape: Tape, app: RootfsApp, index: number): Reg {
  return tape.program.reg(`root/${app.name}/${index}`);
}

/** Makes the writable directories on the host, except those with a limit, which are made in their store. */
export function planUpperDirs(host: Tape, input: RootfsInput): void {
  const storage = storageReg(host, input);
  for (const app of input.apps)
    if (storeFdOf(input, app.name) === undefined) planUpperDirsOf(host, input, app, storage);
  for (const { name, layer, at } of input.volumes) {
    if (!layer) continue;
    const dirs = { ...volumeDirs(name), mode: layer.mode };
    planWritable(host, input, storage, dirs, { at, why: `make volume "${name}"` });
  }
}

/** Work directories of apps with a limit are in their store, and directories in memory end by themselves. */
export function planWorkDirsRemoval(settle: Tape, input: RootfsInput): void {
  if (input.storage !== 'pod') return;
  for (const app of input.apps)
    if (storeFdOf(input, app.name) === undefined) planWorkRemoval(settle, app, storageReg(settle, input));
}

/**
 * Makes each app's root as detached overlays and hands them to init. `volatile`: the writable layer does not outlive the pod, so
 * neither fsync inside it nor its end has to flush the host's whole file system (docs/decisions/003).
 */
export function planOverlays(attach: Tape, input: RootfsInput): void {
  planLateFiles(attach, input);
  const storage = storageReg(attach, input);
  if (input.detachedLayers) planAll(attach, input, storage);
  else inMountNamespace(attach, input, (inside) => planAll(attach, input, inside));
}

function planAll(attach: Tape, input: RootfsInput, storage: Reg): void {
  const lowers = new Lowers(attach, input);
  const podReason = { at: input.podAt, why: 'reach the pod directory' };
  attach.call('dup3', [storage, STORAGE_FD, O_CLOEXEC], podReason);
  const hasFiles = planFileLayer(attach, input, FILES_FD);
  const stores = planStores(attach, input, storage);
  for (const app of input.apps) {
    const fd = storeFdOf(input, app.name) ?? STORAGE_FD;
    app.imageMounts.forEach((mount, i) => {
      const reason = { at: app.imageAt, why: `mount the root file system of app "${app.name}" (${mount.target})` };
      const lower = [...mount.layers, ...(mount.layer ? [mount.layer.path] : [])];
      const image = lower.map((layer) => lowers.pathOf(layer, reason));
      const own = i === 0 && app.hasPlainEtc ? [lowers.ownPath(FILES_FD)] : [];
      const dirs = { upper: overlayDir('upper', app, i), work: overlayDir('work', app, i) };
      const layers = [...image, ...own];
      const out = overlayReg(attach, app, i);
      planOverlay(attach, input, { layers, dirs, fd, out, nosuid: app.nosuid }, reason);
    });
  }
  for (const { name, layer, at } of input.volumes) {
    if (!layer) continue;
    const reason = { at, why: `mount volume "${name}"` };
    const layers = [lowers.pathOf(layer.path, reason)];
    const out = volumeReg(attach, name);
    planOverlay(attach, input, { layers, dirs: volumeDirs(name), fd: STORAGE_FD, out, nosuid: true }, reason);
  }
  // Closing a detached mount waits for an RCU grace period, which is longer the more processes there are, so these are left to the
  // monitor's exit.
  const mounts = input.detachedLayers ? [] : [...lowers.fds, ...(hasFiles ? [FILES_FD] : [])];
  for (const fd of [...mounts, ...stores, STORAGE_FD]) attach.call('close', [fd], podReason);
}

/** fsconfig(2), EINVAL. */
const CANNOT_HOLD =
  'the file system of the state directory does not support the writable layer of an overlay (overlays, NFS and FAT do not): put the state directory on ext4 or xfs (--root)';

interface Overlay {
  readonly layers: readonly string[];
  /** Paths below the descriptor. */
  readonly dirs: WritableDirs;
  readonly fd: number;
  readonly out: Reg;
  readonly nosuid: boolean;
}

function planOverlay(
  attach: Tape,
  input: RootfsInput,
  { layers, dirs, fd, out, nosuid }: Overlay,
  reason: Reason,
): void {
  newFileSystem(
    attach,
    {
      type: 'overlay',
      options: [
        ['source', 'pod'],
        ...lowerOptions(layers.toReversed()),
        ['upperdir', `/proc/self/fd/${fd}/${dirs.upper}`],
        ['workdir', `/proc/self/fd/${fd}/${dirs.work}`],
        ['volatile', true],
        ...(input.isNormalUser ? ([['userxattr', true]] as const) : []),
      ],
      attributes: MOUNT_ATTR_NODEV | (nosuid ? MOUNT_ATTR_NOSUID : 0n),
    },
    out,
    { ...reason, hint: CANNOT_HOLD },
    true,
  );
}
