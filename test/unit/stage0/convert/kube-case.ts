import assert from 'node:assert/strict';
import { generateKube, type Generated } from '../../../../stages/stage0/convert/to-kube/generate.ts';
import type { PodError } from '../../../../stages/stage0/error.ts';

export const APP = { name: 'a', image: 'docker://docker.io/library/busybox:1' };

interface KubeObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Record<string, string>;
  readonly spec: Record<string, unknown>;
}

export interface Kube {
  readonly configMaps: readonly KubeObject[];
  readonly pod: KubeObject;
  readonly lost: readonly string[];
}

export function podText(pod: object): string {
  return JSON.stringify({ apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'web' }, apps: [APP], ...pod });
}

export async function generate(text: string, images: Record<string, string> = {}): Promise<Generated> {
  const generated = await generateKube(text, 'pod.yaml', '/base', new Map(Object.entries(images)));
  for (const error of [...generated.errors, ...generated.lost]) assertPlaced(error);
  return generated;
}

function assertPlaced({ at, message }: PodError): void {
  assert.ok(at && at.file === 'pod.yaml' && at.line >= 1 && at.col >= 1, message);
}

/** What it becomes, and the fields that were lost. */
export async function kubeOf(text: string, images: Record<string, string> = {}): Promise<Kube> {
  const { objects, errors, lost } = await generate(text, images);
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  const plain = JSON.parse(JSON.stringify(objects)) as KubeObject[];
  const fields = lost.map(({ message }) => message.slice(0, message.indexOf(': ')));
  return { configMaps: plain.slice(0, -1), pod: plain.at(-1)!, lost: fields };
}

const ALWAYS = {
  restartPolicy: 'Never',
  terminationGracePeriodSeconds: 10,
  securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
  automountServiceAccountToken: false,
  enableServiceLinks: false,
};
const CONFINED = { allowPrivilegeEscalation: false, capabilities: { drop: ['AUDIT_WRITE', 'MKNOD', 'NET_RAW'] } };

/** `extra` and what every pod has, whose `securityContext` is added to. */
export function specWith(extra: Record<string, unknown>): object {
  return {
    ...ALWAYS,
    ...extra,
    securityContext: { ...ALWAYS.securityContext, ...(extra['securityContext'] as object) },
  };
}

/** The same of a container. */
export function containerWith(extra: Record<string, unknown>): object {
  const securityContext = { ...CONFINED, ...(extra['securityContext'] as object) };
  return { name: 'a', image: 'docker.io/library/busybox:1', ...extra, securityContext };
}

/** An app's fields. */
export function probed(probe: object): object {
  return { probes: { ready: probe } };
}
