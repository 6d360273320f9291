import assert from 'node:assert/strict';
import type { PodError } from '../../../../stages/stage0/error.ts';
import { parseManifest, type ParsedManifest } from '../../../../stages/stage0/manifest/parse.ts';
import type { PodSpec } from '../../../../stages/stage0/manifest/spec.ts';

export const HEAD = 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: web}\n';
export const APP = 'apps: [{name: a, image: host}]\n';

export function parse(text: string): ParsedManifest {
  return parseManifest(text, 'pod.yaml', { baseDir: '/base' });
}

/** `line:col code`, in order. */
export function places(errors: readonly PodError[]): string[] {
  return errors.map(({ at, code }) => `${at?.line}:${at?.col} ${code}`);
}

/** The spec of a manifest that must be right. */
export function specOf(text: string): PodSpec {
  const { spec, errors } = parse(text);
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  assert.ok(spec);
  return spec;
}

/** The only error of a manifest. */
export function onlyError(text: string): PodError {
  const { spec, errors } = parse(text);
  assert.equal(spec, undefined);
  assert.deepEqual(
    errors.slice(1).map(({ message }) => message),
    [],
  );
  assert.ok(errors[0]);
  return errors[0];
}

/** A manifest whose only app has these further fields, each on a line of its own, the first on line 7. */
export function appWith(...fields: string[]): string {
  return `${HEAD}apps:\n  - name: a\n    image: host\n${fields.map((field) => `    ${field}\n`).join('')}`;
}
