import { PodError } from '../error.ts';
import { memberOf } from './schema-lookup.ts';
import { show } from './show.ts';
import { suggest } from './suggest.ts';
import type { ManifestDocument } from './document.ts';

const API_VERSION = 'pod/v1';

/** What is wrong with a document that is another kind of thing altogether; the checks of pod/v1 would only add noise. */
export function dialectProblem(document: ManifestDocument): PodError | undefined {
  const { value } = document;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    const hint = 'it begins with "apiVersion: pod/v1"';
    return new PodError(
      'manifest/schema',
      `the manifest is ${Array.isArray(value) ? 'a list' : show(value)}, not a map of fields`,
      { hint, at: document.at('') },
    );
  }
  const apiVersion = memberOf(value, 'apiVersion');
  const kind = memberOf(value, 'kind');
  if (memberOf(value, 'acKind') !== undefined || memberOf(value, 'acVersion') !== undefined) {
    return unsupported(document, '/acKind', 'it is a manifest of appc', '"pod convert" writes it as pod/v1');
  }
  if (typeof apiVersion !== 'string' || apiVersion === API_VERSION) return undefined;
  if (apiVersion.startsWith('pod/')) {
    return unsupported(document, '/apiVersion', `the format ${show(apiVersion)} is not one this version reads`);
  }
  // A slip of the fingers is not another dialect.
  if (suggest(apiVersion, [API_VERSION]) !== undefined && apiVersion !== 'v1') return undefined;
  const isKubernetes = apiVersion === 'v1' || /^[a-z0-9.]+\/v[0-9]/.test(apiVersion);
  if (!isKubernetes) return undefined;
  const what = typeof kind === 'string' ? ` (kind ${show(kind)})` : '';
  return unsupported(
    document,
    '/apiVersion',
    `it is a manifest of Kubernetes${what}`,
    '"pod convert" writes it as pod/v1',
  );
}

function unsupported(
  document: ManifestDocument,
  pointer: string,
  problem: string,
  hint = 'write it as pod/v1: docs/manifest.md has every field',
): PodError {
  return new PodError('manifest/unsupported', problem, { hint, at: document.at(pointer) });
}
