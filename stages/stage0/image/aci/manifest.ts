// The image manifest of the App Container specification, 0.8.11: https://github.com/appc/spec/blob/v0.8.11/spec/aci.md

import { isAcIdentifier } from '../../metadata/appc.ts';
import type { JsonObject } from '../json.ts';
import { requirePlatform } from '../platform.ts';
import type { AciConfig, ImageConfig } from '../types.ts';
import { readApp } from './app.ts';
import { ManifestReport, show } from './report.ts';

export interface AciManifest {
  readonly config: ImageConfig;
  /** Absolute paths of the only files in the root file system, besides directories. Absent: all are. */
  readonly pathWhitelist?: ReadonlySet<string>;
}

const FIELDS = [
  'acKind',
  'acVersion',
  'name',
  'labels',
  'app',
  'dependencies',
  'pathWhitelist',
  'annotations',
] as const;

/** appc's names for the machines Node runs on; those of the kernel and of Go are common too. */
const ARCHITECTURES: Readonly<Record<string, string>> = { aarch64: 'arm64', x86_64: 'amd64' };

/** Throws `PodErrors` with everything that is wrong. */
export function parseAciManifest(json: unknown, label: string): AciManifest {
  const report = new ManifestReport(label);
  const manifest = report.object(json, 'the manifest', FIELDS) ?? {};
  readKind(manifest, report);
  const name = report.textLike(manifest.name, 'name', isAcIdentifier, 'an AC Identifier') ?? '';
  const labels = readPairs(manifest.labels, 'labels', report);
  if (labels.some((each) => each.name === 'name'))
    report.fault('labels', 'there is one called "name", which is the name of the image');
  refuseDependencies(manifest.dependencies, report);
  const pathWhitelist = readWhitelist(manifest.pathWhitelist, report);
  const annotations = readPairs(manifest.annotations, 'annotations', report);
  const app = readApp(manifest.app, report);
  report.throwAll();
  requireFit(labels, label);
  const { config, ...aci } = app;
  return {
    config: {
      ...config,
      ...(annotations.length === 0 ? {} : { labels: Object.fromEntries(annotations.map((a) => [a.name, a.value])) }),
      aci: { name, labels, ...aci },
    },
    ...(pathWhitelist.length === 0 ? {} : { pathWhitelist: new Set(pathWhitelist) }),
  };
}

function readKind(manifest: JsonObject, report: ManifestReport): void {
  report.textLike(manifest.acKind, 'acKind', (kind) => kind === 'ImageManifest', '"ImageManifest"');
  const isVersion = (text: string): boolean => /^[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$/.test(text);
  const version = report.textLike(manifest.acVersion, 'acVersion', isVersion, 'a version like "0.8.11"');
  if (version !== undefined && isVersion(version) && !version.startsWith('0.'))
    report.fault('acVersion', `${show(version)} is later than the last version of the specification, 0.8.11`);
}

/** A list of names and values, as labels and annotations are. */
function readPairs(value: unknown, place: string, report: ManifestReport): AciConfig['labels'] {
  const pairs = report.objects(value, place, ['name', 'value']).map(([pair, at]) => ({
    name: report.textLike(pair.name, `${at}.name`, isAcIdentifier, 'an AC Identifier') ?? '',
    value: report.text(pair.value, `${at}.value`) ?? '',
    at,
  }));
  report.distinct(pairs.flatMap(({ name, at }) => (name === '' ? [] : [[name, `${at}.name`] as const])));
  return pairs.map(({ name, value: text }) => ({ name, value: text }));
}

/** Their files would be below those of this image; without them, it is not the image that its author meant. */
function refuseDependencies(value: unknown, report: ManifestReport): void {
  const known = ['imageName', 'imageID', 'labels', 'size'];
  for (const [dependency, at] of report.objects(value, 'dependencies', known)) {
    const name = report.textLike(dependency.imageName, `${at}.imageName`, isAcIdentifier, 'an AC Identifier');
    if (name === undefined) continue;
    const hint = 'build the image with its dependencies in its own rootfs/';
    report.unsupported(at, `the image depends on the image ${show(name)}, which is not supported`, hint);
  }
}

function readWhitelist(value: unknown, report: ManifestReport): readonly string[] {
  return report.list(value, 'pathWhitelist').flatMap((item, index) => {
    const isAbsolute = (text: string): boolean => text.startsWith('/');
    const path = report.textLike(item, `pathWhitelist[${index}]`, isAbsolute, 'an absolute path');
    return path === undefined ? [] : [path];
  });
}

/** An image without such labels runs anywhere. */
function requireFit(labels: AciConfig['labels'], label: string): void {
  const find = (name: string): string | undefined => labels.find((each) => each.name === name)?.value;
  const arch = find('arch');
  requirePlatform({ os: find('os'), architecture: arch && (ARCHITECTURES[arch] ?? arch) }, label);
}
