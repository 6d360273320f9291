import type { Findings } from '../findings.ts';
import { type Fields, type Rule, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { expandAll } from './environment.ts';
import type { KubeContainer } from './pod-state.ts';

interface KubeProbe {
  readonly probe: Target;
  readonly container: KubeContainer;
}

interface Aim {
  readonly target: Target;
  readonly container: KubeContainer;
}

/** 0 stands for the default, which is the same here, except where it means 0. */
function number(key: string, unit = ''): Rule<KubeProbe> {
  return (node, { probe }, findings) => {
    const value = findings.whole(node);
    if (value === undefined || value === 0) return;
    probe.set(key, unit === '' ? value : `${value}${unit}`, node);
  };
}

function action(key: string, fields: Fields<Aim>): Rule<KubeProbe> {
  return (node, { probe, container }, findings) =>
    walk(node, fields, { target: probe.map(key, node), container }, findings);
}

const PORT: Rule<Aim> = (node, { target }) => {
  const { value } = node;
  target.set('port', typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value, node);
};

/** Who probes is the node, and what it reaches is something else, unless the pod has the node's own network. */
const HOST: Rule<Aim> = (node, { target, container }, findings) => {
  if (node.isEmpty) return;
  if (container.in.hasHostNetwork) target.maybe('host', findings.text(node), node);
  else findings.lose(node, 'here, a probe is made from inside the pod: remove it to probe the app');
};

const HEADER: Fields<{ name?: Node; value?: Node }> = {
  name: (node, to) => void (to.name = node),
  value: (node, to) => void (to.value = node),
};

const HTTP: Fields<Aim> = {
  port: PORT,
  host: HOST,
  path: (node, { target }, findings) => {
    const path = findings.text(node);
    if (path !== undefined && path !== '') target.set('path', path.startsWith('/') ? path : `/${path}`, node);
  },
  // Without it, the probe would speak HTTP to a server of HTTPS, and never pass.
  scheme: (node, _to, findings) => {
    const scheme = findings.text(node);
    if (scheme !== undefined && scheme !== '' && scheme !== 'HTTP')
      findings.refuse(node, 'a probe does not speak TLS: use tcpSocket, or exec with a program of the image');
  },
  httpHeaders: (node, { target }, findings) => {
    for (const item of findings.items(node)) {
      const header: { name?: Node; value?: Node } = {};
      walk(item, HEADER, header, findings);
      const name = findings.text(header.name);
      const value = header.value ? findings.text(header.value) : '';
      if (name === undefined || value === undefined) continue;
      const headers = target.map('headers', node);
      if (headers.has(name)) findings.lose(item, 'send each header once', 'the header is there twice');
      else headers.set(name, value, header.value ?? item);
    }
  },
};

const PROBE: Fields<KubeProbe> = {
  httpGet: action('http', HTTP),
  tcpSocket: action('tcp', { port: PORT, host: HOST }),
  grpc: action('grpc', {
    port: PORT,
    service: (node, { target }, findings) => target.maybe('service', findings.text(node), node),
  }),
  exec: (node, { probe, container }, findings) => {
    const command = commandOf(node, findings);
    if (command) probe.set('exec', expandAll(command, container), node.field('command')!);
  },
  initialDelaySeconds: number('initialDelay', 's'),
  periodSeconds: number('period', 's'),
  timeoutSeconds: number('timeout', 's'),
  successThreshold: number('successes'),
  failureThreshold: number('failures'),
  terminationGracePeriodSeconds: 'an app has one grace period, that of its "stop": remove it here',
};

export function probe(role: 'start' | 'ready' | 'live'): Rule<KubeContainer> {
  return (node, container, findings) => {
    const to = { probe: container.app.map('probes', node).map(role, node), container };
    walk(node, PROBE, to, findings);
  };
}

/** Of an `exec`, of a probe or a hook. */
export function commandOf(node: Node, findings: Findings): string[] | undefined {
  const found: { command?: string[] | undefined } = {};
  walk(node, { command: (list, to, all) => void (to.command = all.texts(list)) }, found, findings);
  return found.command;
}
