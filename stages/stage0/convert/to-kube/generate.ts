import type { PodError } from '../../error.ts';
import { allErrorsOf } from '../../manifest/all-errors.ts';
import { parseManifest, tidy } from '../../manifest/parse.ts';
import { show } from '../../manifest/show.ts';
import type { PodSpec } from '../../manifest/spec.ts';
import { readDocument } from '../../manifest/yaml-document.ts';
import { Findings } from '../findings.ts';
import { type Fields, taken, walk } from '../fields.ts';
import { Node } from '../node.ts';
import { requireApps } from '../require-apps.ts';
import { Target } from '../target.ts';
import { writeContainer } from './container.ts';
import { writePodIsolators } from './isolators.ts';
import type { KubePod } from './kube-pod.ts';
import { writeMetadata } from './metadata.ts';
import { writeOfAllApps } from './of-all-apps.ts';
import { initsOf } from './order.ts';
import { writeVolumes } from './volumes.ts';

export interface Generated {
  /** The pod, behind the ConfigMaps that it needs; none when there are errors. */
  readonly objects: readonly unknown[];
  readonly errors: readonly PodError[];
  readonly lost: readonly PodError[];
  readonly warnings: readonly PodError[];
}

const HOSTNAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const DEFAULT_USERNS_SIZE = 65_536;

const NETWORKS: Readonly<Record<string, string>> = {
  none: 'a NetworkPolicy of the cluster allows nothing to a pod: remove it here',
  pod: 'put the apps into one pod',
  cni: 'the network is that of the cluster: remove it',
};

/** The order is that of what people write; the volumes come before what mounts them. */
const POD: Fields<KubePod> = {
  apiVersion: taken,
  kind: taken,
  metadata: (node, { pod }, findings) => writeMetadata(node, pod, findings),
  hostname: (node, { out }, findings) => {
    if (HOSTNAME.test(String(node.value as string))) out.set('hostname', node.value, node);
    else findings.lose(node, 'a hostname is one name of small letters, digits and hyphens');
  },
  network: (node, { spec, out }, findings) => {
    const { mode } = spec.network;
    if (mode === 'host') out.set('hostNetwork', true, node);
    else if (mode !== 'bridge') findings.lose(node.field('mode')!, NETWORKS[mode]!);
  },
  userns: (node, { spec, out }, findings) => {
    out.set('hostUsers', spec.userns.mode === 'host', node);
    if (spec.userns.mode === 'auto' && spec.userns.size !== DEFAULT_USERNS_SIZE)
      findings.lose(
        node,
        'the node says how many: write "userns: auto"',
        `${show(spec.userns.size)} ids have no counterpart in Kubernetes`,
      );
  },
  volumes: writeVolumes,
  apps: (node, pod, findings) => {
    const all = pod.spec.apps.map(({ name }, index) => ({ index, rank: rankOf(name, pod) }));
    for (const { index } of all.toSorted((a, b) => a.rank - b.rank))
      writeContainer(node.items[index]!, index, pod, findings);
  },
  isolators: taken,
  metadataService: (node, _to, findings) => {
    if (node.value === true) findings.lose(node, 'see the downward API of Kubernetes');
  },
};

/** Kubernetes runs init containers in the order of their list, whatever order the apps have. */
function rankOf(name: string, { inits }: KubePod): number {
  const at = inits.indexOf(name);
  return at < 0 ? inits.length : at;
}

/** A manifest of `pod/v1` as the objects that `kubectl apply` takes. `baseDir`: where relative paths in it start. */
export async function generateKube(
  text: string,
  path: string,
  baseDir: string,
  images: ReadonlyMap<string, string>,
): Promise<Generated> {
  const read = parseManifest(text, path, { baseDir });
  const errors = await allErrorsOf(read);
  const { document } = readDocument(text, path);
  if (errors.length > 0 || !read.spec || !document) return { objects: [], errors, lost: [], warnings: read.warnings };
  requireApps(
    images,
    read.spec.apps.map(({ name }) => name),
  );
  const findings = new Findings('Kubernetes');
  const pod = newPod(read.spec, new Node(document), images);
  walk(pod.from, POD, pod, findings);
  writeOfAllApps(pod, findings);
  writePodIsolators(pod, findings);
  writeAlways(pod);
  const objects = [...pod.configMaps, pod.pod].map(({ value }) => value);
  return { objects, errors: tidy(findings.errors), lost: tidy(findings.lost), warnings: tidy(read.warnings) };
}

function newPod(spec: PodSpec, from: Node, images: KubePod['images']): KubePod {
  const pod = new Target(from);
  pod.set('apiVersion', 'v1', from);
  pod.set('kind', 'Pod', from);
  pod.map('metadata', from);
  const out = pod.map('spec', from);
  return { spec, from, pod, out, images, configMaps: [], readOnlyVolumes: new Set(), inits: initsOf(spec.apps) };
}

/** What a pod has here without saying so. */
function writeAlways({ from, out }: KubePod): void {
  out.map('securityContext', from).map('seccompProfile', from).set('type', 'RuntimeDefault', from);
  // Nothing of a cluster is in an app.
  out.set('automountServiceAccountToken', false, from);
  out.set('enableServiceLinks', false, from);
}
