import { suggest } from '../../manifest/suggest.ts';
import { show } from '../../manifest/show.ts';
import type { Findings } from '../findings.ts';
import { walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { type KubePod } from './pod-state.ts';
import { WORKLOADS } from './workload.ts';

function typeOf(object: Node): string {
  const [version, kind] = ['apiVersion', 'kind'].map((name) => object.field(name)?.value);
  return `${typeof version === 'string' ? version : '?'} ${typeof kind === 'string' ? kind : '?'}`;
}

/** An object of Kubernetes, of whatever kind. */
export function isKube(object: Node): boolean {
  return typeof object.field('apiVersion')?.value === 'string' && typeof object.field('kind')?.value === 'string';
}

/** What is in a `kind: List`, as `kubectl get -o yaml` writes it, stands for itself. */
export function unpackList(object: Node): readonly Node[] {
  return typeOf(object) === 'v1 List' ? (object.field('items')?.items ?? []) : [object];
}

/** The pod of the objects' only workload. */
export function convertKube(
  objects: readonly Node[],
  newPod: (from: Node) => Target,
  findings: Findings,
): Target | undefined {
  const workloads = objects.filter((object) => WORKLOADS.has(typeOf(object)));
  const [first, ...more] = workloads;
  const configMaps = new Map(
    objects
      .filter((object) => typeOf(object) === 'v1 ConfigMap')
      .map((object) => [object.field('metadata')?.field('name')?.value, object] as const)
      .filter((entry): entry is [string, Node] => typeof entry[0] === 'string'),
  );
  for (const node of more)
    findings.refuse(
      node.field('kind')!,
      `the pod of line ${first!.at.line} is converted; put this one into another file`,
    );
  if (!first) {
    for (const object of objects) refuseKind(object, findings);
    return undefined;
  }
  const pod = newState(first, newPod(first), configMaps);
  walk(first, WORKLOADS.get(typeOf(first))!, pod, findings);
  for (const object of objects) {
    const isUsed =
      workloads.includes(object) || [...pod.usedConfigMaps].some((name) => configMaps.get(name) === object);
    if (!isUsed) findings.lose(object.field('kind') ?? object, hintFor(typeOf(object)));
  }
  return pod.pod;
}

function newState(first: Node, pod: Target, configMaps: ReadonlyMap<string, Node>): KubePod {
  return {
    pod,
    configMaps,
    usedConfigMaps: new Set(),
    lostVolumes: new Set(),
    inherited: new Map(),
    spec: first,
    hasHostNetwork: false,
    hasOwnPids: false,
  };
}

const HINTS: Readonly<Record<string, string>> = {
  'v1 ConfigMap': 'no volume of the pod uses it: remove it',
  'v1 Secret': 'keep the secret in a directory of the host that only root can read, and use hostPath',
  'v1 Service': 'publish the port with hostPort, or use the address of the pod',
};

function hintFor(type: string): string {
  return HINTS[type] ?? 'only the pod is converted: remove it';
}

function refuseKind(object: Node, findings: Findings): void {
  const kinds = [...WORKLOADS.keys()];
  const near = suggest(typeOf(object), kinds);
  const hint = near === undefined ? `pod converts: ${kinds.join(', ')}` : `did you mean "${near}"?`;
  findings.format(object.field('kind') ?? object, `${show(typeOf(object))} is not a kind that has a pod`, hint);
}
