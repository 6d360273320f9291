import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { convertManifest } from '../../../../stages/stage0/convert/convert.ts';
import type { PodError } from '../../../../stages/stage0/error.ts';
import { allErrorsOf } from '../../../../stages/stage0/manifest/all-errors.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';

export interface Case {
  readonly apps: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

export const CONTAINER = { name: 'a', image: 'busybox' };

export function kubePod(spec: object, metadata: object = { name: 'web' }): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

/** A pod that ends, so that nothing is added but a grace period. */
export function podOf(container: object, spec: object = {}): string {
  return kubePod({ restartPolicy: 'Never', ...spec, containers: [{ ...CONTAINER, ...container }] });
}

/** What it becomes, which `pod validate` has to take as it is printed. */
export async function converted(text: string): Promise<{ manifest: Case; lost: string[]; warnings: string[] }> {
  const { manifest, errors, lost, warnings } = await convertManifest(text, 'kube.yaml');
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  for (const error of [...lost, ...warnings]) assertPlaced(error, text);
  const printed = parseManifest(stringify(manifest), 'pod.yaml', { baseDir: '/' });
  assert.deepEqual(
    (await allErrorsOf(printed)).map(({ message }) => message),
    [],
  );
  const plain = JSON.parse(JSON.stringify(manifest)) as Case;
  return { manifest: plain, lost: lost.map(fieldOf), warnings: warnings.map(fieldOf) };
}

/** The fields that errors are about, as `field code`. */
export async function refused(text: string): Promise<string[]> {
  const { manifest, errors } = await convertManifest(text, 'kube.yaml');
  assert.equal(manifest, undefined);
  for (const error of errors) assertPlaced(error, text);
  return errors.map((error) => `${fieldOf(error)} ${error.code}`);
}

function assertPlaced({ at, message }: PodError, text: string): void {
  assert.ok(
    at && at.file === 'kube.yaml' && at.line >= 1 && at.line <= text.split('\n').length && at.col >= 1,
    message,
  );
}

function fieldOf({ message }: PodError): string {
  return message.slice(0, message.indexOf(': '));
}

/** The only app, without what every app of such a pod has. */
export async function appOf(text: string): Promise<Record<string, unknown>> {
  const { manifest, lost } = await converted(text);
  assert.deepEqual(lost, []);
  assert.equal(manifest.apps.length, 1);
  const { name, image, stop, ...rest } = manifest.apps[0]!;
  assert.deepEqual([name, image], ['a', 'docker://docker.io/library/busybox']);
  const { grace, ...others } = stop as Record<string, unknown>;
  assert.equal(grace, '30s');
  return Object.keys(others).length === 0 ? rest : { ...rest, stop: others };
}
