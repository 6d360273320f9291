import type { Findings } from '../findings.ts';
import { type Fields, holds, refused, type Rule, walk } from '../fields.ts';
import { cleanPath } from '../../manifest/paths.ts';
import { show } from '../../manifest/show.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { convertConfigMap } from './config-map.ts';
import { bytesOf } from './amounts.ts';
import { LOST_OF_VOLUME } from './lost.ts';
import type { KubeContainer, KubePod, KubeVolume } from './pod-state.ts';

const EMPTY: Fields<Target> = {
  medium: (node, volume, findings) => {
    const medium = findings.text(node);
    if (medium === 'Memory') volume.set('medium', 'memory', node);
    else if (medium !== undefined && medium !== '') findings.lose(node, 'use Memory, or the disk');
  },
  sizeLimit: (node, volume, findings) => {
    const size = bytesOf(node, findings);
    if (size !== '0') volume.maybe('size', size, node);
  },
};

const HOST_PATH: Fields<Target> = {
  path: (node, volume, findings) => volume.maybe('source', findings.text(node), node),
  type: holds([''], 'pod does not check what kind of file is there, and makes none: remove it'),
};

const VOLUME: Fields<KubeVolume> = {
  name: (node, { volume }, findings) => volume.maybe('name', findings.text(node), node),
  emptyDir: (node, { volume }, findings) => {
    volume.set('kind', 'empty', node);
    walk(node, EMPTY, volume, findings);
  },
  hostPath: (node, { volume }, findings) => {
    volume.set('kind', 'host', node);
    walk(node, HOST_PATH, volume, findings);
  },
  configMap: convertConfigMap,
  ...Object.fromEntries(
    Object.entries(LOST_OF_VOLUME).map(([kind, hint]): [string, Rule<KubeVolume>] => [
      kind,
      (node, to, findings) => {
        to.isLost = true;
        findings.lose(node, hint);
      },
    ]),
  ),
};

export function convertVolumes(from: Node, pod: KubePod, findings: Findings): void {
  for (const item of findings.items(from)) {
    const sketch: KubeVolume = { volume: pod.pod.sketch('volumes', item), in: pod, isLost: false };
    const before = findings.lost.length;
    walk(item, VOLUME, sketch, findings);
    const { volume } = sketch;
    // A kind that no table knows.
    const isUnknown = !volume.has('kind') && findings.lost.length > before;
    if (!sketch.isLost && !isUnknown) adopt(pod, sketch, item);
    else if (typeof volume.value['name'] === 'string') pod.lostVolumes.add(volume.value['name']);
  }
}

function adopt({ pod }: KubePod, { volume }: KubeVolume, item: Node): void {
  // Without any of its kinds it is an empty directory: what the API server makes of it.
  if (!volume.has('kind')) volume.set('kind', 'empty', item);
  pod.append('volumes', volume);
}

interface KubeMount {
  readonly mount: Target;
  isLost: boolean;
  readonly in: KubePod;
}

const MOUNT: Fields<KubeMount> = {
  name: (node, to, findings) => {
    const name = findings.text(node);
    to.mount.maybe('volume', name, node);
    if (name === undefined || !to.in.lostVolumes.has(name)) return;
    to.isLost = true;
    findings.lose(node, 'see the volume', `the volume ${show(name)} has no counterpart in ${findings.target}`);
  },
  mountPath: (node, { mount }, findings) => {
    const path = findings.text(node);
    if (path !== undefined) mount.set('path', path.startsWith('/') ? cleanPath(path) : path, node);
  },
  readOnly: (node, { mount }, findings) => {
    if (findings.flag(node) === true) mount.set('readOnly', true, node);
  },
  subPath: (node, { mount }, findings) => {
    const path = findings.text(node);
    if (path !== undefined && path !== '') mount.set('subPath', cleanPath(path), node);
  },
  subPathExpr: refused('write the path as subPath'),
  mountPropagation: holds(['None'], 'what is mounted later is seen on neither side: remove it'),
  recursiveReadOnly: holds(['Disabled'], 'readOnly includes everything that is mounted below: remove it'),
};

export function convertMounts(from: Node, { app, in: pod }: KubeContainer, findings: Findings): void {
  for (const item of findings.items(from)) {
    const to: KubeMount = { mount: app.sketch('mounts', item), isLost: false, in: pod };
    walk(item, MOUNT, to, findings);
    if (!to.isLost) app.append('mounts', to.mount);
  }
}
