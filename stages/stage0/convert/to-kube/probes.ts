import { parseDurationMs } from '../../manifest/quantity.ts';
import type { Findings } from '../findings.ts';
import { type Fields, type Rule, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { escapeExpansion } from '../kube/expand.ts';
import type { KubeContainer } from './kube-pod.ts';
import { isPortName } from './ports.ts';

interface Probe {
  readonly out: Target;
  readonly container: KubeContainer;
  readonly isReady?: boolean;
}

const MS = 1000;
const READY = 'readinessProbe';

/** Whole seconds, not fewer; a value that is none is reported. */
export function secondsOf(node: Node, findings: Findings): number {
  const ms = parseDurationMs(String(node.value as string));
  const seconds = Math.ceil(ms / MS);
  if (ms % MS !== 0)
    findings.lose(node, `write ${seconds}s`, `Kubernetes counts in whole seconds, and has ${seconds}s for it`);
  return seconds;
}

function duration(field: string): Rule<Probe> {
  return (node, { out }, findings) => out.set(field, secondsOf(node, findings), node);
}

function count(field: string): Rule<Probe> {
  return (node, { out }) => out.set(field, node.value, node);
}

function action(field: string, fields: Fields<Probe>): Rule<Probe> {
  return (node, { out, container }, findings) => walk(node, fields, { out: out.map(field, node), container }, findings);
}

/** Only http and tcp take the name of a port, and only one that Kubernetes has. */
function port(takesNames: boolean): Rule<Probe> {
  return (node, { out, container }) => {
    const known = container.app.ports.find(({ name }) => name === node.value);
    const isName = known && takesNames && isPortName(known.name);
    out.set('port', known && !isName ? known.port : node.value, node);
  };
}

const HOST = "in Kubernetes the node makes the probe, to the pod's address: remove it";

const HTTP: Fields<Probe> = {
  port: port(true),
  path: (node, { out }) => out.set('path', node.value, node),
  host: HOST,
  headers: (node, { out }) => {
    for (const [name, value] of node.fields) {
      const header = out.add('httpHeaders', value);
      header.set('name', name, value);
      header.set('value', value.value, value);
    }
  },
};

const PROBE: Fields<Probe> = {
  http: action('httpGet', HTTP),
  tcp: action('tcpSocket', { port: port(true), host: HOST }),
  grpc: action('grpc', {
    port: port(false),
    host: HOST,
    service: (node, { out }) => out.set('service', node.value, node),
  }),
  exec: (node, { out }) => {
    const command = (node.value as string[]).map(escapeExpansion);
    out.map('exec', node).set('command', command, node);
  },
  initialDelay: duration('initialDelaySeconds'),
  period: duration('periodSeconds'),
  timeout: duration('timeoutSeconds'),
  successes: (node, { out, isReady }, findings) => {
    if (isReady || node.value === 1) out.set('successThreshold', node.value, node);
    else findings.lose(node, 'only a ready probe counts successes: remove it');
  },
  failures: count('failureThreshold'),
};

function role(field: string): Rule<KubeContainer> {
  return (node, container, findings) => {
    if (container.isInit) findings.lose(node, 'a container that runs before the others has no probes: remove it');
    else walk(node, PROBE, { out: container.out.map(field, node), container, isReady: field === READY }, findings);
  };
}

const PROBES: Fields<KubeContainer> = {
  start: role('startupProbe'),
  ready: role(READY),
  live: role('livenessProbe'),
};

export const writeProbes: Rule<KubeContainer> = (node, container, findings) => walk(node, PROBES, container, findings);
