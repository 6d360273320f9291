import { PREFIX } from '../../manifest/rollout.ts';
import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const KEY =
  /^(?:(?=.{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const MAX_VALUE = 63;
const BAD_KEY = 'a name is PREFIX/NAME or NAME, and NAME has at most 63 letters, digits and inner - _ .';

export const METADATA: Fields<Target> = {
  name: (node, metadata) => metadata.set('name', node.value, node),
  labels: (node, metadata, findings) => {
    for (const [name, label] of node.fields) {
      const isLong = String(label.value as string).length > MAX_VALUE;
      if (isLong) findings.lose(label, `a label has at most ${MAX_VALUE} characters: make it an annotation`);
      else addText('labels', node, name, label, metadata, findings);
    }
  },
  annotations: (node, metadata, findings) => {
    for (const [name, annotation] of node.fields) {
      if (name.startsWith(PREFIX))
        findings.lose(annotation, 'it tells "pod apply" how to bring the pod about: remove it');
      else addText('annotations', node, name, annotation, metadata, findings);
    }
  },
};

function addText(kind: string, from: Node, name: string, node: Node, metadata: Target, findings: Findings): void {
  if (KEY.test(name)) metadata.map(kind, from).set(name, node.value, node);
  else findings.lose(node, BAD_KEY, 'the name is not one of Kubernetes');
}

export function writeMetadata(from: Node, pod: Target, findings: Findings): void {
  walk(from, METADATA, pod.map('metadata', from), findings);
}
