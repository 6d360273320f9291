import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { expand } from './expand.ts';
import type { KubeContainer } from './pod-state.ts';

interface Variable {
  name?: Node;
  value?: Node;
  isLost: boolean;
}

const VARIABLE: Fields<Variable> = {
  name: (node, to) => void (to.name = node),
  value: (node, to) => void (to.value = node),
  valueFrom: (node, to, findings) => {
    to.isLost = true;
    findings.lose(node, 'write the value');
  },
};

/** A later variable of the same name wins, and refers to those before it: https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/ */
export function convertEnvironment(from: Node, { app }: KubeContainer, findings: Findings): void {
  const known = new Map<string, string>();
  for (const item of findings.items(from)) {
    const variable: Variable = { isLost: false };
    walk(item, VARIABLE, variable, findings);
    const name = findings.text(variable.name);
    if (name === undefined && !variable.name && item.isMap) findings.wrong(item, '"name" is missing');
    const value = variable.value ? findings.text(variable.value) : '';
    if (name === undefined || value === undefined || variable.isLost) continue;
    const expanded = expand(value, known);
    known.set(name, expanded);
    app.map('env', from).set(name, expanded, variable.value ?? item);
  }
}

/** With the variables of the manifest; Kubernetes does not look at those of the image either. */
export function expandAll(texts: readonly string[], { app }: KubeContainer): string[] {
  const known = new Map(Object.entries((app.value['env'] ?? {}) as Record<string, string>));
  return texts.map((text) => expand(text, known));
}
