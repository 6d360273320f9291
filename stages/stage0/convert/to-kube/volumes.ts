import type { VolumeSpec } from '../../manifest/spec.ts';
import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { Target } from '../target.ts';
import type { KubeContainer, KubePod } from './kube-pod.ts';

export function writeVolumes(from: Node, pod: KubePod, findings: Findings): void {
  for (const [index, item] of from.items.entries()) {
    const volume = pod.spec.volumes[index]!;
    const out = pod.out.add('volumes', item);
    out.set('name', volume.name, item);
    if (volume.kind === 'empty') writeEmpty(volume, item, out.map('emptyDir', item));
    else if (volume.kind === 'host') out.map('hostPath', item).set('path', volume.source, item);
    else writeInline(volume, item, out.map('configMap', item), pod, findings);
    if (volume.kind === 'host' && volume.readOnly) pod.readOnlyVolumes.add(volume.name);
  }
}

function writeEmpty({ medium }: Extract<VolumeSpec, { kind: 'empty' }>, from: Node, out: Target): void {
  if (medium === 'memory') out.set('medium', 'Memory', from);
  const size = from.field('size');
  out.maybe('sizeLimit', size?.value, size);
}

/** https://kubernetes.io/docs/concepts/configuration/configmap/: what a key has of a path. */
const NOT_OF_A_KEY = /[^-._a-zA-Z0-9]/g;

function writeInline(
  { name, files }: Extract<VolumeSpec, { kind: 'inline' }>,
  from: Node,
  out: Target,
  pod: KubePod,
  findings: Findings,
): void {
  const configMap = newConfigMap(`${pod.spec.name}-${name}`, from);
  pod.configMaps.push(configMap);
  out.set('name', `${pod.spec.name}-${name}`, from);
  const data = configMap.map('data', from);
  const nodes = from.field('files')!.fields;
  const keys = keysFor(Object.keys(files));
  const isRenamed = [...keys].some(([path, key]) => path !== key);
  for (const [path, key] of keys) {
    const node = nodes.get(path)!;
    if (path.startsWith('..')) {
      findings.lose(node, 'give the file another name', 'a ConfigMap has no files whose name begins with ".."');
      continue;
    }
    data.set(key, files[path], node);
    if (!isRenamed) continue;
    const item = out.add('items', node);
    item.set('key', key, node);
    item.set('path', path, node);
  }
}

function keysFor(paths: readonly string[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const used = new Set(paths);
  for (const path of paths) {
    const plain = path.replaceAll(NOT_OF_A_KEY, '_');
    let key = plain;
    for (let count = 2; key !== path && used.has(key); count++) key = `${plain}_${count}`;
    used.add(key);
    keys.set(path, key);
  }
  return keys;
}

function newConfigMap(name: string, from: Node): Target {
  const configMap = new Target(from);
  configMap.set('apiVersion', 'v1', from);
  configMap.set('kind', 'ConfigMap', from);
  configMap.map('metadata', from).set('name', name, from);
  return configMap;
}

const MOUNT: Fields<Target> = {
  volume: (node, mount) => mount.set('name', node.value, node),
  path: (node, mount, findings) => {
    if (String(node.value as string).includes(':')) findings.refuse(node, 'choose a path without ":"');
    mount.set('mountPath', node.value, node);
  },
  readOnly: (node, mount) => {
    if (node.value === true) mount.set('readOnly', true, node);
  },
  subPath: (node, mount) => mount.set('subPath', node.value, node),
};

export function writeMounts(from: Node, { out, in: pod }: KubeContainer, findings: Findings): void {
  for (const item of from.items) {
    const mount = out.add('volumeMounts', item);
    walk(item, MOUNT, mount, findings);
    if (pod.readOnlyVolumes.has(String(mount.value['name']))) mount.set('readOnly', true, item);
  }
}
