import type { Outline, OutlineVolume } from './outline.ts';
import { cleanPath, relativePathProblem } from './paths.ts';
import { join } from './pointer.ts';
import { parseBytes } from './quantity.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';

export function checkVolumes(outline: Outline, report: Report): void {
  for (const volume of outline.volumes) {
    if (volume.kind === 'empty') checkSize(volume, report);
    if (volume.kind === 'inline') checkFiles(volume, report);
    if (volume.kind === 'host') checkSource(volume, report);
  }
}

function checkSize({ size, pointer }: OutlineVolume, report: Report): void {
  if (size === undefined) return;
  const at = join(pointer, 'size');
  report.try(at, () => {
    const bytes = parseBytes(size);
    if (bytes > BigInt(Number.MAX_SAFE_INTEGER))
      report.error('manifest/schema', at, `${show(size)} is larger than any file system`);
    if (bytes === 0n) report.error('manifest/schema', at, 'the size of a volume must be above 0');
  });
}

function checkFiles({ files, pointer }: OutlineVolume, report: Report): void {
  const paths = Object.keys(files);
  const dirs = new Set(paths.flatMap(parents));
  for (const path of paths) {
    const at = join(join(pointer, 'files'), path);
    const problem = relativePathProblem(path);
    if (problem !== undefined) {
      const cleaned = cleanPath(path).replace(/^\/+/, '');
      const hint = relativePathProblem(cleaned) === undefined ? `write ${show(cleaned)}` : undefined;
      report.errorAtKey('manifest/schema', at, `${show(path)} ${problem}`, hint);
    } else if (dirs.has(path)) {
      report.errorAtKey('manifest/duplicate', at, `${show(path)} is a file here and a directory of another file`);
    }
  }
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, MAX_PARTS);
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** Deeper ones are refused as too long anyway; keeps the work on hostile paths in proportion. */
const MAX_PARTS = 64;

function checkSource({ source, pointer }: OutlineVolume, report: Report): void {
  if (source === undefined || !source.startsWith('~')) return;
  const hint = 'write the whole path, or one relative to the manifest; "./~" names a file called "~"';
  report.error(
    'manifest/schema',
    join(pointer, 'source'),
    `${show(source)} begins with "~", which only shells expand`,
    hint,
  );
}
