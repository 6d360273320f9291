// What makes pods in a cluster: here it is one pod, that of its template.

import { ROLLOUT_ANNOTATIONS } from '../../manifest/rollout.ts';
import { type Fields, holds, type Rule, taken, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import { LOST_OF_DEPLOYMENT, LOST_OF_JOB, LOST_OF_OBJECT, LOST_OF_STATEFUL_SET } from './lost.ts';
import { convertMetadata } from './metadata.ts';
import { convertPodSpec } from './pod-spec.ts';
import type { KubePod } from './pod-state.ts';

const ONE = 'a manifest is one pod: write one for each, with names and host ports of its own';
const ROLLING = '"pod apply" replaces a pod, or starts the new one first: see the annotation pod/strategy';

const TEMPLATE: Fields<KubePod> = {
  metadata: (node, { pod }, findings) => convertMetadata(node, pod, findings),
  spec: convertPodSpec,
};

const template: Rule<KubePod> = (node, pod, findings) => walk(node, TEMPLATE, pod, findings);

function annotate(name: string, value: string, node: Node, { pod }: KubePod): void {
  const annotations = pod.map('metadata', node).map('annotations', node);
  if (!annotations.has(name)) annotations.set(name, value, node);
}

const minReadySeconds: Rule<KubePod> = (node, pod, findings) => {
  const seconds = findings.whole(node);
  if (seconds !== undefined && seconds !== 0) annotate(ROLLOUT_ANNOTATIONS.minReady, String(seconds), node, pod);
};

const STRATEGY: Fields<KubePod> = {
  type: (node, pod, findings) => {
    if (node.value === 'Recreate') annotate(ROLLOUT_ANNOTATIONS.strategy, 'replace', node, pod);
    else if (node.value === 'RollingUpdate') annotate(ROLLOUT_ANNOTATIONS.strategy, 'start-first', node, pod);
    else findings.lose(node, ROLLING);
  },
  rollingUpdate: ROLLING,
};

/** The template comes first: what it says of the pod goes before what is said of the workload. `selector` only finds its pods. */
const DEPLOYMENT: Fields<KubePod> = {
  template,
  selector: taken,
  replicas: holds([1], ONE),
  strategy: (node, pod, findings) => walk(node, STRATEGY, pod, findings),
  minReadySeconds,
  paused: holds([false], 'remove it'),
  ...LOST_OF_DEPLOYMENT,
};

const STATEFUL_SET: Fields<KubePod> = {
  template,
  selector: taken,
  replicas: holds([1], ONE),
  minReadySeconds,
  podManagementPolicy: holds(['OrderedReady', 'Parallel'], 'remove it'),
  updateStrategy: ROLLING,
  ...LOST_OF_STATEFUL_SET,
};

const DAEMON_SET: Fields<KubePod> = {
  template,
  selector: taken,
  minReadySeconds,
  updateStrategy: ROLLING,
  ...LOST_OF_DEPLOYMENT,
};

const JOB: Fields<KubePod> = {
  template,
  selector: taken,
  completions: holds([1], ONE),
  parallelism: holds([1], ONE),
  completionMode: holds(['NonIndexed'], ONE),
  manualSelector: taken,
  suspend: holds([false], '"pod prepare" prepares a pod without starting it'),
  ...LOST_OF_JOB,
};

function workload(spec: Fields<KubePod>): Fields<KubePod> {
  return {
    apiVersion: taken,
    kind: taken,
    spec: (node, pod, findings) => walk(node, spec, pod, findings),
    metadata: TEMPLATE['metadata']!,
    ...LOST_OF_OBJECT,
  };
}

/** The kinds there are, by the version that is read: `apiVersion kind`. */
export const WORKLOADS: ReadonlyMap<string, Fields<KubePod>> = new Map([
  ['v1 Pod', { apiVersion: taken, kind: taken, ...TEMPLATE, ...LOST_OF_OBJECT }],
  ['apps/v1 Deployment', workload(DEPLOYMENT)],
  ['apps/v1 StatefulSet', workload(STATEFUL_SET)],
  ['apps/v1 DaemonSet', workload(DAEMON_SET)],
  ['batch/v1 Job', workload(JOB)],
]);
