import { NAMESPACES } from '../../isolators/namespaces.ts';
import type { Findings } from '../findings.ts';
import { type Fields, holds, type Rule, taken, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { convertContainer } from './container.ts';
import { LOST_OF_POD_SPEC } from './lost.ts';
import type { KubeContainer, KubePod } from './pod-state.ts';
import { convertResources } from './resources.ts';
import { convertPodSecurity } from './security.ts';
import { convertVolumes } from './volumes.ts';

const HOST_NAMESPACE = `pod shares it only with a pod that gives up its user namespace: see the isolator ${NAMESPACES.name}`;
const NO_ACCOUNT = 'there is no cluster to have an account with: remove it';

const POD_SPEC: Fields<KubePod> = {
  // What the containers are converted by.
  restartPolicy: (node, pod) => void (pod.restartPolicy = node),
  terminationGracePeriodSeconds: (node, pod) => void (pod.grace = node),
  hostNetwork: (node, pod, findings) => {
    pod.hasHostNetwork = findings.flag(node) === true;
    if (pod.hasHostNetwork) pod.pod.map('network', node).set('mode', 'host', node);
  },
  shareProcessNamespace: (node, pod, findings) => {
    pod.hasOwnPids = findings.flag(node) !== true;
  },
  hostUsers: (node, { pod }, findings) => {
    const isHost = findings.flag(node);
    if (isHost !== undefined) pod.set('userns', isHost ? 'host' : 'auto', node);
  },
  securityContext: convertPodSecurity,
  volumes: convertVolumes,
  initContainers: taken,
  containers: taken,
  hostname: (node, { pod }, findings) => {
    if (!node.isEmpty) pod.maybe('hostname', findings.text(node), node);
  },
  resources: (node, { pod }, findings) => convertResources(node, pod, findings),
  automountServiceAccountToken: holds([false], NO_ACCOUNT),
  dnsPolicy: holds(['ClusterFirst', 'Default'], LOST_OF_POD_SPEC['dnsConfig']!),
  enableServiceLinks: holds([true, false], 'remove it'),
  hostIPC: holds([false], HOST_NAMESPACE),
  hostPID: holds([false], 'pod does not share the processes of the host: remove it'),
  os: (node, _to, findings) => walk(node, { name: holds(['linux'], 'pod runs on Linux') }, undefined, findings),
  schedulerName: holds(['default-scheduler'], LOST_OF_POD_SPEC['nodeName']!),
  setHostnameAsFQDN: holds([false], 'write the whole name as hostname'),
  ...LOST_OF_POD_SPEC,
};

export const convertPodSpec: Rule<KubePod> = (node, pod, findings) => {
  pod.spec = node;
  pod.hasOwnPids = (node.field('containers')?.items.length ?? 0) > 1;
  walk(node, POD_SPEC, pod, findings);
  if (pod.hasOwnPids) {
    const from = node.field('shareProcessNamespace') ?? node.field('containers') ?? node;
    pod.pod.map('isolators', from).map(NAMESPACES.name, from).set('pid', 'app', from);
  }
  convertContainers(node, pod, findings);
};

/** What goes before the others runs one after another, and all others wait for the last of it. */
function convertContainers(spec: Node, pod: KubePod, findings: Findings): void {
  let last: KubeContainer | undefined;
  for (const item of findings.items(spec.field('initContainers'))) {
    const init = convertContainer(item, true, pod, findings);
    waitFor(last, init);
    last = init;
  }
  for (const item of findings.items(spec.field('containers')))
    waitFor(last, convertContainer(item, false, pod, findings));
}

function waitFor(before: KubeContainer | undefined, { app, from }: KubeContainer): void {
  if (!before) return;
  const after = app.add('after', from);
  after.maybe('app', before.app.value['name'], from);
  after.set('condition', 'completed', from);
}
