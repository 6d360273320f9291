import { show } from '../../manifest/show.ts';
import type { Findings } from '../findings.ts';
import { type Fields, taken, walk } from '../fields.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';
import { convertApp, convertImage } from './app.ts';
import type { AppcPod } from './appc-pod.ts';
import { convertIsolators } from './isolators.ts';
import { addMap, addTexts } from './named-values.ts';
import { convertVolumes } from './volumes.ts';

/** https://github.com/appc/spec/blob/master/spec/pods.md */
const POD_MANIFEST: Fields<AppcPod> = {
  acVersion: taken,
  acKind: taken,
  annotations: (node, { pod }, findings) => addTexts(node, 'annotations', pod.map('metadata', node), findings),
  userAnnotations: (node, { pod }, findings) => addMap(node, 'annotations', pod.map('metadata', node), findings),
  userLabels: (node, { pod }, findings) => addMap(node, 'labels', pod.map('metadata', node), findings),
  volumes: (node, { pod }, findings) => convertVolumes(node, pod, findings),
  // With the ports of the apps.
  ports: taken,
  apps: (node, pod, findings) => {
    for (const item of findings.items(node)) convertApp(item, pod, findings);
  },
  isolators: (node, { pod }, findings) => convertIsolators(node, 'pod', pod, findings),
};

type Convert = (from: Node, pod: AppcPod, findings: Findings) => void;

const KINDS: ReadonlyMap<unknown, Convert> = new Map<unknown, Convert>([
  ['PodManifest', (from, pod, findings) => walk(from, POD_MANIFEST, pod, findings)],
  ['ImageManifest', convertImage],
]);

export function isAppc(object: Node): boolean {
  return object.field('acKind') !== undefined;
}

export function convertAppc(
  from: Node,
  newPod: (from: Node) => Target,
  images: ReadonlyMap<string, string>,
  findings: Findings,
): Target | undefined {
  const kind = from.field('acKind')!;
  const convert = KINDS.get(kind.value);
  if (!convert) {
    findings.format(
      kind,
      `${show(kind.value)} is not a kind that has apps`,
      `pod converts: ${[...KINDS.keys()].join(', ')}`,
    );
    return undefined;
  }
  const pod: AppcPod = { pod: newPod(from), images, hostPorts: hostPortsOf(from, findings), volumes: volumesOf(from) };
  convert(from, pod, findings);
  for (const [name, port] of pod.hostPorts) findings.wrong(port, `no app has a port called ${show(name)}`);
  nameAfterFirst(pod.pod, from);
  return pod.pod;
}

function hostPortsOf(from: Node, findings: Findings): Map<string, Node> {
  return new Map(
    findings.items(from.field('ports')).flatMap((port) => {
      const name = findings.text(port.field('name'));
      if (name === undefined && !port.field('name')) findings.wrong(port, '"name" is missing');
      return name === undefined ? [] : [[name, port] as const];
    }),
  );
}

function volumesOf(from: Node): ReadonlySet<unknown> {
  return new Set(from.field('volumes')?.items.map((volume) => volume.field('name')?.value));
}

/** A pod of appc has no name. */
function nameAfterFirst(pod: Target, from: Node): void {
  const [first] = (pod.value['apps'] ?? []) as Record<string, unknown>[];
  pod.map('metadata', from).maybe('name', first?.['name'], from);
}
