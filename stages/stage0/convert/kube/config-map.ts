import type { Findings } from '../findings.ts';
import { type Fields, holds, taken, walk } from '../fields.ts';
import { show } from '../../manifest/show.ts';
import { suggestionHint } from '../../manifest/suggest.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { LOST_OF_METADATA } from './lost.ts';
import type { KubeVolume } from './pod-state.ts';

/** Of the files of an inline volume, and of a ConfigMap's unless it says otherwise: 0644. */
const MODE = 0o644;
const MODE_HINT = 'the files of an inline volume have the mode 0644: remove it';

interface Source {
  name?: Node;
  items?: Node;
}

const SOURCE: Fields<Source> = {
  name: (node, to) => void (to.name = node),
  items: (node, to) => void (to.items = node),
  defaultMode: holds([MODE], MODE_HINT),
  optional: holds([false], 'a volume of a pod is always there: remove it'),
};

const ITEM: Fields<{ key?: Node; path?: Node }> = {
  key: (node, to) => void (to.key = node),
  path: (node, to) => void (to.path = node),
  mode: holds([MODE], MODE_HINT),
};

const OBJECT: Fields<Target | undefined> = {
  apiVersion: taken,
  kind: taken,
  // The labels of a ConfigMap are nobody's here, and change nothing.
  metadata: (node, _to, findings) =>
    walk(node, { ...LOST_OF_METADATA, name: taken, labels: taken, annotations: taken }, undefined, findings),
  immutable: taken,
  data: taken,
  binaryData: 'put the files into a directory of the host and use hostPath',
};

/** A volume of a ConfigMap that is in the same file becomes one whose content is in the manifest. */
export function convertConfigMap(from: Node, to: KubeVolume, findings: Findings): void {
  const source: Source = {};
  walk(from, SOURCE, source, findings);
  const name = findings.text(source.name);
  const { configMaps, usedConfigMaps } = to.in;
  const configMap = name === undefined ? undefined : configMaps.get(name);
  if (!configMap) {
    to.isLost = true;
    const near = suggestionHint(name ?? '', [...configMaps.keys()], 'those of the file are');
    const hint = near ?? 'put it into the same file, behind a line "---"';
    findings.lose(source.name ?? from, hint, `no ConfigMap ${show(name ?? '')} is in the file`);
    return;
  }
  if (!usedConfigMaps.has(name!)) walk(configMap, OBJECT, undefined, findings);
  usedConfigMaps.add(name!);
  to.volume.set('kind', 'inline', from);
  const files = to.volume.map('files', configMap.field('data') ?? configMap);
  const data = findings.fields(configMap.field('data'));
  if (source.items) addItems(source.items, data, files, findings);
  else for (const [key, content] of data) files.maybe(key, findings.text(content), content);
}

function addItems(items: Node, data: ReadonlyMap<string, Node>, files: Target, findings: Findings): void {
  for (const node of findings.items(items)) {
    const item: { key?: Node; path?: Node } = {};
    walk(node, ITEM, item, findings);
    const key = findings.text(item.key);
    const path = findings.text(item.path);
    if (key === undefined || path === undefined) continue;
    const content = data.get(key);
    if (content) files.maybe(path, findings.text(content), content);
    else {
      findings.wrong(item.key!, `the ConfigMap has no ${show(key)}`, suggestionHint(key, [...data.keys()], 'it has'));
      // A volume without a file would be one more error.
      files.set(path, '', node);
    }
  }
}
