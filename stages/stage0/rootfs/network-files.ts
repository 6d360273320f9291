import { AT_FDCWD, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_NOSUID, O_CLOEXEC } from '../../linux/constants.ts';
import { type Reg, sym, type Tape, type Text } from '../../tape/program.ts';
import { LAYER_HANGER } from './mount-namespace.ts';
import { attachMount, newFileSystem } from './mount-ops.ts';
import { replaceFile, writeNewFile } from './targets.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

/** Files in every app's /etc; their text is bound at hand-off. */
const FILES: readonly (readonly [name: string, content: Text])[] = [
  ['hostname', [sym('hostname'), '\n']],
  ['hosts', [sym('hosts')]],
  ['resolv.conf', [sym('resolvConf')]],
];

function filesOf({ machineId }: Pick<RootfsInput, 'machineId'>): typeof FILES {
  return machineId === undefined ? FILES : [...FILES, ['machine-id', `${machineId}\n`]];
}

/**
 * Makes the top layer of the apps' images: contains only these files, in memory, owned by the pod's root, under the descriptor
 * `fd`. A layer is cheaper than a copy in each app, but would cover an /etc that is a link (docs/decisions/013). Returns true when
 * an app uses the layer.
 */
export function planFileLayer(attach: Tape, input: RootfsInput, fd: number): boolean {
  if (!input.apps.some((app) => app.hasPlainEtc)) return false;
  const { program } = attach;
  const reason = { at: input.podAt, why: "write the apps' /etc/hostname, /etc/hosts and /etc/resolv.conf" };
  const layer = program.reg('files');
  const options = [
    ['mode', '0755'],
    ['size', '1m'],
  ] as const;
  const attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  newFileSystem(attach, { type: 'tmpfs', options, attributes }, layer, reason);
  if (!input.detachedLayers) attachMount(attach, layer, AT_FDCWD, LAYER_HANGER, reason);
  attach.call('mkdirat', [layer, attach.text('etc'), 0o755], reason);
  for (const [name, content] of filesOf(input)) writeNewFile(attach, layer, `etc/${name}`, content, reason);
  const owner = sym('uidBase');
  const owned = input.userns ? ['etc', ...filesOf(input).map(([name]) => `etc/${name}`)] : [];
  for (const path of owned) attach.call('fchownat', [layer, attach.text(path), owner, owner, 0], reason);
  attach.call('dup3', [layer, fd, O_CLOEXEC], reason);
  attach.call('close', [layer], reason);
  return true;
}

/** Writes the files into an app's own writable layer, in place of the image's. */
export function replaceFiles(pod: Tape, input: RootfsInput, app: RootfsApp, root: Reg): void {
  if (app.hasPlainEtc) return;
  for (const [name, content] of filesOf(input)) {
    replaceFile(pod, root, `etc/${name}`, content, { at: app.at, why: `write /etc/${name} of app "${app.name}"` });
  }
}
