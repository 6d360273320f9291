import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { KubeContainer } from './pod-state.ts';

const PORT: Fields<Target> = {
  name: (node, port, findings) => port.maybe('name', findings.text(node), node),
  containerPort: (node, port, findings) => port.maybe('port', findings.whole(node), node),
  protocol: (node, port, findings) => {
    const protocol = findings.text(node);
    if (protocol === 'UDP') port.set('protocol', 'udp', node);
    else if (protocol !== undefined && protocol !== 'TCP') findings.refuse(node, 'pod publishes TCP and UDP ports');
  },
  // 0 is none, as an empty text is.
  hostPort: (node, port, findings) => {
    if (node.value !== 0) port.maybe('hostPort', findings.whole(node), node);
  },
  hostIP: (node, port, findings) => {
    if (node.isEmpty) return;
    if (port.has('hostPort')) port.maybe('hostIP', findings.text(node), node);
    else findings.lose(node, 'it has no effect without hostPort: remove it');
  },
};

export function convertPorts(from: Node, { app }: KubeContainer, findings: Findings): void {
  for (const item of findings.items(from)) {
    const port = app.add('ports', item);
    walk(item, PORT, port, findings);
    // Here, each has a name.
    const { name, port: number, protocol } = port.value;
    if (name === undefined && number !== undefined)
      port.set('name', `port-${String(number as number)}${protocol === undefined ? '' : '-udp'}`, item);
  }
}
