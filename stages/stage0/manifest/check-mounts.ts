import type { Outline, OutlineApp, OutlineMount } from './outline.ts';
import { absolutePathProblem, cleanPath, relativePathProblem } from './paths.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';
import { suggestionHint } from './suggest.ts';

/** Mounts that would take the place of what pod itself sets up, and the protections that rest on it. */
const RESERVED = ['/proc', '/sys'];

export function checkMounts(outline: Outline, report: Report): void {
  const names = outline.volumes.flatMap((volume) => volume.name ?? []);
  const used = new Set<string>();
  for (const app of outline.apps) {
    for (const mount of app.mounts) {
      if (mount.volume !== undefined) used.add(mount.volume);
      checkVolume(mount, names, report);
      checkPath(mount, report);
      checkSubPath(mount, outline, report);
    }
    refuseTwinPaths(app, report);
  }
  for (const volume of outline.volumes) {
    if (volume.name === undefined || used.has(volume.name)) continue;
    report.warn('manifest/reference', join(volume.pointer, 'name'), `no app mounts the volume ${show(volume.name)}`);
  }
}

function checkVolume(mount: OutlineMount, names: readonly string[], report: Report): void {
  if (mount.volume === undefined || names.includes(mount.volume)) return;
  const hint =
    names.length === 0
      ? 'the manifest has no volumes: add it to "volumes"'
      : suggestionHint(mount.volume, names, 'the volumes are');
  report.error('manifest/reference', join(mount.pointer, 'volume'), `no volume is called ${show(mount.volume)}`, hint);
}

function checkPath({ path, pointer }: OutlineMount, report: Report): void {
  if (path === undefined) return;
  const at = join(pointer, 'path');
  const problem = absolutePathProblem(path);
  if (problem !== undefined) {
    const cleaned = cleanPath(path);
    const hint = absolutePathProblem(cleaned) === undefined ? `write ${show(cleaned)}` : undefined;
    report.error('manifest/schema', at, `${show(path)} ${problem}`, hint);
  } else if (path === '/') {
    report.error(
      'manifest/schema',
      at,
      'a volume cannot replace the root file system',
      'use it as the image: dir:PATH',
    );
  } else if (path === '/dev' || RESERVED.some((dir) => path === dir || path.startsWith(`${dir}/`))) {
    report.error('manifest/schema', at, `${show(path)} is reserved for mounts of pod itself`);
  }
}

function checkSubPath({ subPath, volume, pointer }: OutlineMount, outline: Outline, report: Report): void {
  if (subPath === undefined) return;
  const at = join(pointer, 'subPath');
  const problem = relativePathProblem(subPath);
  if (problem !== undefined) {
    report.error('manifest/schema', at, `${show(subPath)} ${problem}`);
    return;
  }
  const target = outline.volumes.find((candidate) => candidate.name === volume);
  const files = Object.keys(target?.files ?? {});
  if (target?.kind !== 'inline' || files.length === 0) return;
  if (files.some((file) => file === subPath || file.startsWith(`${subPath}/`))) return;
  const hint = suggestionHint(subPath, files, 'its files are');
  report.error('manifest/reference', at, `the volume ${show(volume)} has no ${show(subPath)}`, hint);
}

function refuseTwinPaths(app: OutlineApp, report: Report): void {
  const seen = new Set<string>();
  for (const { path, pointer } of app.mounts) {
    if (path === undefined) continue;
    const place = cleanPath(path);
    if (seen.has(place))
      report.error('manifest/duplicate', join(pointer, 'path'), `another volume is mounted on ${show(place)}`);
    seen.add(place);
  }
}
