import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { LOST_OF_METADATA } from './lost.ts';

/** Later calls give what earlier ones did not: a pod's own metadata comes first, then that of what makes it. */
export function convertMetadata(from: Node, pod: Target, findings: Findings): void {
  walk(from, METADATA, pod.map('metadata', from), findings);
}

const METADATA: Fields<Target> = {
  name: (node, metadata, findings) => {
    if (!metadata.has('name')) metadata.maybe('name', findings.text(node), node);
  },
  labels: (node, metadata, findings) => addTexts('labels', node, metadata, findings),
  annotations: (node, metadata, findings) => addTexts('annotations', node, metadata, findings),
  ...LOST_OF_METADATA,
};

function addTexts(kind: 'labels' | 'annotations', from: Node, metadata: Target, findings: Findings): void {
  for (const [name, node] of findings.fields(from)) {
    const texts = metadata.map(kind, from);
    const value = findings.text(node);
    if (!texts.has(name)) texts.maybe(name, value, node);
    else if (texts.value[name] !== value) findings.lose(node, 'remove it', `the pod itself has another "${name}"`);
  }
}
