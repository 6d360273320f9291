import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  O_CLOEXEC,
  O_RDONLY,
} from '../../linux/constants.ts';
import { type Program, type Reg, sym, type Tape, type Text } from '../../tape/program.ts';
import { LAYER_HANGER } from './mount-namespace.ts';
import { attachMount, newFileSystem } from './mount-ops.ts';
import { replaceFile, writeNewFile } from './targets.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

type EtcFile = readonly [name: string, content: Text | Reg];

/** Files in every app's /etc; their text is bound at hand-off. */
const FILES: readonly EtcFile[] = [
  ['hostname', [sym('hostname'), '\n']],
  ['hosts', [sym('hosts')]],
  ['resolv.conf', [sym('resolvConf')]],
];

/** Files whose text is only known when the pod is on its network. */
const LATE_FILES = ['hosts', 'resolv.conf'] as const;

function filesOf({ program }: Tape, { machineId, hasLateFiles }: RootfsInput): readonly EtcFile[] {
  const late = hasLateFiles ? LATE_FILES.map((name): EtcFile => [name, lateReg(program, name)]) : [];
  const bound = FILES.filter(([name]) => !late.some(([other]) => other === name));
  return [...bound, ...late, ...(machineId === undefined ? [] : [['machine-id', `${machineId}\n`] as const])];
}

function lateReg(program: Program, name: string): Reg {
  return program.reg(`late/${name}`);
}

/** First on the attach tape: init gets the files too. */
export function planLateFiles(attach: Tape, { hasLateFiles, podAt: at }: RootfsInput): void {
  if (!hasLateFiles) return;
  for (const name of LATE_FILES) {
    attach.call('openat', [attach.program.reg('podDir'), attach.text(name), O_RDONLY | O_CLOEXEC, 0], {
      at,
      why: `open the pod's ${name}`,
      out: lateReg(attach.program, name),
      handOver: true,
    });
  }
}

/** On the pod tape, when all apps have their files. */
export function planCloseLateFiles(pod: Tape, { hasLateFiles, podAt: at }: RootfsInput): void {
  if (!hasLateFiles) return;
  for (const name of LATE_FILES)
    pod.call('close', [lateReg(pod.program, name)], { at, why: `close the pod's ${name}` });
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
  for (const [name, content] of filesOf(attach, input)) writeNewFile(attach, layer, `etc/${name}`, content, reason);
  const owner = sym('uidBase');
  const owned = input.userns ? ['etc', ...filesOf(attach, input).map(([name]) => `etc/${name}`)] : [];
  for (const path of owned) attach.call('fchownat', [layer, attach.text(path), owner, owner, 0], reason);
  attach.call('dup3', [layer, fd, O_CLOEXEC], reason);
  attach.call('close', [layer], reason);
  return true;
}

/** Writes the files into an app's own writable layer, in place of the image's. */
export function replaceFiles(pod: Tape, input: RootfsInput, app: RootfsApp, root: Reg): void {
  if (app.hasPlainEtc) return;
  for (const [name, content] of filesOf(pod, input)) {
    replaceFile(pod, root, `etc/${name}`, content, { at: app.at, why: `write /etc/${name} of app "${app.name}"` });
  }
}
