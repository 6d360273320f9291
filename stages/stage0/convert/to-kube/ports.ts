import type { Findings } from '../findings.ts';
import { type Fields, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { KubeContainer } from './kube-pod.ts';

/** IANA_SVC_NAME: at most 15 lower-case letters, digits and single inner hyphens, and a letter among them. */
const NAME = /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/;

const PORT: Fields<Target> = {
  name: (node, port, findings) => {
    if (isPortName(String(node.value as string))) port.set('name', node.value, node);
    else
      findings.lose(node, 'a port has a name of at most 15 letters, digits and single hyphens, one of them a letter');
  },
  port: (node, port) => port.set('containerPort', node.value, node),
  protocol: (node, port) => port.set('protocol', String(node.value as string).toUpperCase(), node),
  hostPort: (node, port) => port.set('hostPort', node.value, node),
  hostIP: (node, port) => port.set('hostIP', node.value, node),
};

export function isPortName(name: string): boolean {
  return NAME.test(name);
}

export function writePorts(from: Node, { out, in: { spec } }: KubeContainer, findings: Findings): void {
  for (const item of from.items) {
    const port = out.add('ports', item);
    walk(item, PORT, port, findings);
    const { hostPort, containerPort } = port.value;
    if (spec.network.mode !== 'host' || hostPort === undefined || hostPort === containerPort) continue;
    findings.lose(item.field('hostPort')!, 'with the network of the host, a port is published as it is: remove it');
    delete port.value['hostPort'];
    delete port.value['hostIP'];
  }
}
