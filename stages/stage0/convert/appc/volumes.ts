import type { Findings } from '../findings.ts';
import { cleanPath } from '../../manifest/paths.ts';
import { show } from '../../manifest/show.ts';
import { type Fields, holds, refused, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { AppcApp } from './appc-pod.ts';

const OWNER = 'a program of the pod can change the owner and the mode when it starts: remove it';

const VOLUME: Fields<Target> = {
  name: (node, volume, findings) => volume.maybe('name', findings.text(node), node),
  kind: (node, volume, findings) => volume.maybe('kind', findings.text(node), node),
  source: (node, volume, findings) => volume.maybe('source', findings.text(node), node),
  readOnly: (node, volume, findings) => {
    if (findings.flag(node) === true) volume.set('readOnly', true, node);
  },
  recursive: holds([true], 'everything that is mounted below is there too: remove it'),
  mode: holds(['0777'], OWNER),
  uid: holds([0], OWNER),
  gid: holds([0], OWNER),
};

export function convertVolumes(list: Node, pod: Target, findings: Findings): void {
  for (const item of findings.items(list)) walk(item, VOLUME, pod.add('volumes', item), findings);
}

interface MountPoint {
  name?: Node;
  path?: Node;
  readOnly?: Node;
}

const MOUNT_POINT: Fields<MountPoint> = {
  name: (node, to) => void (to.name = node),
  path: (node, to) => void (to.path = node),
  readOnly: (node, to) => void (to.readOnly = node),
};

const MOUNT: Fields<Target> = {
  volume: (node, mount, findings) => mount.maybe('volume', findings.text(node), node),
  path: (node, mount, findings) => mount.maybe('path', pathOf(node, findings), node),
  appVolume: refused('make it one of the volumes of the pod'),
};

function pathOf(node: Node | undefined, findings: Findings): string | undefined {
  const path = findings.text(node);
  return path?.startsWith('/') ? cleanPath(path) : path;
}

/** A mount says which volume is at the path of a mount point; without one, it is the volume of the mount point's own name. */
export function convertMounts({ from, app, in: pod }: AppcApp, findings: Findings): void {
  for (const item of findings.items(from.field('mounts'))) walk(item, MOUNT, app.add('mounts', item), findings);
  const mounts = (app.value['mounts'] ?? []) as Record<string, unknown>[];
  for (const item of findings.items(from.field('app')?.field('mountPoints'))) {
    const point: MountPoint = {};
    walk(item, MOUNT_POINT, point, findings);
    const name = findings.text(point.name);
    const path = pathOf(point.path, findings);
    const isReadOnly = findings.flag(point.readOnly) === true;
    const mount = mounts.find((candidate) => candidate['path'] === path);
    if (mount && isReadOnly) mount['readOnly'] = true;
    if (mount || name === undefined || path === undefined) continue;
    if (pod.volumes.has(name)) addMount(name, path, isReadOnly, item, app);
    else findings.lose(item, `add a volume, and mount it on ${show(path)}`, `no volume is mounted on ${show(path)}`);
  }
}

function addMount(volume: string, path: string, isReadOnly: boolean, from: Node, app: Target): void {
  const mount = app.add('mounts', from);
  mount.set('volume', volume, from);
  mount.set('path', path, from);
  if (isReadOnly) mount.set('readOnly', true, from);
}
