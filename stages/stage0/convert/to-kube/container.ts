import type { Findings } from '../findings.ts';
import { type Fields, taken, type Rule, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { escapeExpansion } from '../kube/expand.ts';
import { kubeImage } from '../kube/image-name.ts';
import { writeAppIsolators } from './isolators.ts';
import type { KubeContainer, KubePod } from './kube-pod.ts';
import { isImplied } from './order.ts';
import { writePorts } from './ports.ts';
import { writeProbes } from './probes.ts';
import { writeMounts } from './volumes.ts';

function copied(field: string): Rule<KubeContainer> {
  return (node, { out }) => out.set(field, node.value, node);
}

/** Kubernetes takes numbers only. */
function id(field: string): Rule<KubeContainer> {
  return (node, { out }, findings) => {
    if (/^\d+$/.test(String(node.value as string | number)))
      out.map('securityContext', node).set(field, Number(node.value), node);
    else findings.lose(node, 'write the number: Kubernetes does not look up names in the image');
  };
}

function hook(field: 'postStart' | 'preStop'): Rule<KubeContainer> {
  return (node, { out, isInit }, findings) => {
    if (isInit) findings.lose(node, 'a container that runs before the others has no hooks: remove it');
    else out.map('lifecycle', node).map(field, node).map('exec', node).set('command', node.value, node);
  };
}

const HOOKS: Fields<KubeContainer> = {
  preStart: 'write an app that runs before: after: [{app: NAME, condition: completed}]',
  postStart: hook('postStart'),
  preStop: hook('preStop'),
  postStop: 'Kubernetes runs nothing after a container: remove it',
  timeout: 'a preStop hook has the grace period, a postStart hook has no limit: remove it',
};

const ONE_ORDER =
  'Kubernetes only knows containers that run to their end before all others: after: [{app: NAME, condition: completed}]';

const APP: Fields<KubeContainer> = {
  name: copied('name'),
  image: (node, { out, app, in: { images } }, findings) => {
    const image = kubeImage(images.get(app.name) ?? app.image.value);
    if (image !== undefined) out.set('image', image, node);
    else findings.refuse(node, 'push it to a registry, and name it with --image APP=docker://HOST/REPO:TAG');
  },
  exec: (node, { out }) => out.set('command', (node.value as string[]).map(escapeExpansion), node),
  workingDirectory: copied('workingDir'),
  env: (node, { out }) => {
    for (const [name, value] of node.fields) {
      const variable = out.add('env', value);
      variable.set('name', name, value);
      variable.set('value', escapeExpansion(String(value.value as string)), value);
    }
  },
  tty: copied('tty'),
  ports: writePorts,
  mounts: writeMounts,
  probes: writeProbes,
  hooks: (node, container, findings) => walk(node, HOOKS, container, findings),
  user: id('runAsUser'),
  group: id('runAsGroup'),
  readOnlyRootFS: (node, { out }) => out.map('securityContext', node).set('readOnlyRootFilesystem', node.value, node),
  after: (node, { in: { inits }, app }, findings) => {
    for (const [index, item] of node.items.entries())
      if (!isImplied(app.after[index]!, inits)) findings.lose(item, ONE_ORDER);
  },
  stop: (node, container, findings) => {
    const signal = 'set it in the image: STOPSIGNAL';
    walk(node, { grace: taken, signal }, container, findings);
  },
  restart: (node, container, findings) => {
    const pause = 'Kubernetes has a pause of its own, and never gives up: remove it';
    walk(node, { policy: taken, maxRetries: pause, backoff: pause }, container, findings);
  },
  // Of the pod, when all its apps have the same.
  supplementaryGids: taken,
  // In force where nothing is said, too.
  isolators: taken,
  annotations: 'only a pod has annotations: move them there',
};

export function writeContainer(from: Node, index: number, pod: KubePod, findings: Findings): void {
  const app = pod.spec.apps[index]!;
  const isInit = pod.inits.includes(app.name);
  const out = pod.out.add(isInit ? 'initContainers' : 'containers', from);
  const container = { app, from, out, in: pod, isInit };
  walk(from, APP, container, findings);
  writeAppIsolators(container, findings);
}
