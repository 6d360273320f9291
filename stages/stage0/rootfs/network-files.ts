import { O_DIRECTORY, O_NOFOLLOW, O_CLOEXEC, O_PATH } from '../../linux/constants.ts';
import { type Reg, sym, type Tape, type Text } from '../../tape/program.ts';
import { replaceFile, writeNewFile } from './targets.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

/** Of every app's /etc; their text is bound at hand-off. */
const FILES: readonly (readonly [name: string, content: Text])[] = [
  ['hostname', [sym('hostname'), '\n']],
  ['hosts', [sym('hosts')]],
  ['resolv.conf', [sym('resolvConf')]],
];

/** Below the pod's directory: the top layer of the apps' roots, with nothing but these files in its `etc`. */
const LAYER = 'files';

/** A layer of the pod's own costs less than a copy in each app, but would cover an /etc that is a link. */
export function fileLayers(app: RootfsApp): readonly string[] {
  return app.hasPlainEtc ? [LAYER] : [];
}

/** Makes the layer on the host, owned by the pod's root. */
export function planFileLayer(host: Tape, input: RootfsInput): void {
  if (!input.apps.some((app) => app.hasPlainEtc)) return;
  const { program } = host;
  const reason = { at: input.podAt, why: "write the apps' /etc/hostname, /etc/hosts and /etc/resolv.conf" };
  const podDir = program.reg('podDir');
  const etc = program.reg('etc');
  const owner = sym('uidBase');
  host.call('mkdirat', [podDir, host.text(LAYER), 0o755], reason);
  host.call('mkdirat', [podDir, host.text(`${LAYER}/etc`), 0o755], reason);
  host.call('openat', [podDir, host.text(`${LAYER}/etc`), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0], {
    ...reason,
    out: etc,
  });
  for (const [name, content] of FILES) writeNewFile(host, etc, name, content, reason);
  const owned = input.userns ? ['.', ...FILES.map(([name]) => name)] : [];
  for (const name of owned) host.call('fchownat', [etc, host.text(name), owner, owner, 0], reason);
  host.call('close', [etc], reason);
}

/** In an app's own writable layer, in place of what the image has there. */
export function replaceFiles(pod: Tape, app: RootfsApp, root: Reg): void {
  if (app.hasPlainEtc) return;
  for (const [name, content] of FILES) {
    replaceFile(pod, root, `etc/${name}`, content, { at: app.at, why: `write /etc/${name} of app "${app.name}"` });
  }
}
