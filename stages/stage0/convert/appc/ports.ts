import type { Findings } from '../findings.ts';
import { type Fields, holds, refused, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import type { AppcApp } from './appc-pod.ts';

const PORT: Fields<Target> = {
  name: (node, port, findings) => port.maybe('name', findings.text(node), node),
  port: (node, port, findings) => port.maybe('port', findings.whole(node), node),
  protocol: (node, port, findings) => {
    const protocol = findings.text(node)?.toLowerCase();
    if (protocol === 'udp') port.set('protocol', protocol, node);
    else if (protocol !== undefined && protocol !== 'tcp') findings.refuse(node, 'pod publishes TCP and UDP ports');
  },
  count: holds([1], 'write each port of the range'),
  socketActivated: holds([false], 'an app opens its ports itself: remove it'),
};

const HOST_PORT: Fields<Target> = {
  name: () => undefined,
  hostPort: (node, port, findings) => port.maybe('hostPort', findings.whole(node), node),
  hostIP: (node, port, findings) => {
    if (!node.isEmpty) port.maybe('hostIP', findings.text(node), node);
  },
  podPort: refused('the port of the app of that name is published: remove it'),
};

/** What the pod publishes, it names by the ports of its apps. */
export function convertPorts(list: Node, { app, in: { hostPorts } }: AppcApp, findings: Findings): void {
  for (const item of findings.items(list)) {
    const port = app.add('ports', item);
    walk(item, PORT, port, findings);
    const name = String(port.value['name']);
    const published = hostPorts.get(name);
    if (!published) continue;
    hostPorts.delete(name);
    walk(published, HOST_PORT, port, findings);
  }
}
