import { annotationProblem, isAcName } from '../metadata/appc.ts';
import type { Outline } from './outline.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';

/** What the metadata service tells is read by appc's rules, which are narrower than ours. */
export function checkMetadata(outline: Outline, report: Report): void {
  if (!outline.metadataService) return;
  for (const { name, pointer } of [
    ...outline.apps,
    ...outline.volumes,
    ...outline.apps.flatMap(({ ports }) => ports),
  ]) {
    if (name === undefined || isAcName(name)) continue;
    const problem = `with "metadataService", ${show(name)} is not a valid name in appc`;
    report.error('manifest/schema', join(pointer, 'name'), problem, 'write single hyphens only');
  }
  warnOfAnnotations(outline.annotations, '/metadata/annotations', report);
  for (const { annotations, pointer } of outline.apps)
    warnOfAnnotations(annotations, join(pointer, 'annotations'), report);
}

function warnOfAnnotations(annotations: Readonly<Record<string, string>>, pointer: string, report: Report): void {
  for (const [name, value] of Object.entries(annotations)) {
    const problem = annotationProblem(name, value);
    if (problem === undefined) continue;
    report.warn(
      'manifest/schema',
      join(pointer, name),
      `the metadata service does not serve this annotation: ${problem}`,
    );
  }
}
