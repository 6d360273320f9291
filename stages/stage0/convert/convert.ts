import { placeOf, type PodError } from '../error.ts';
import { allErrorsOf } from '../manifest/all-errors.ts';
import { judgeDocument, tidy } from '../manifest/parse.ts';
import { readDocuments } from '../manifest/yaml-document.ts';
import { convertAppc, isAppc } from './appc/from-appc.ts';
import { ConvertedDocument } from './converted-document.ts';
import { Findings } from './findings.ts';
import { convertKube, isKube, unpackList } from './kube/from-kube.ts';
import { Node } from './node.ts';
import { inSchemaOrder } from './schema-order.ts';
import { requireApps } from './require-apps.ts';
import { Target } from './target.ts';

const API_VERSION = 'pod/v1';

export interface Converted {
  /** There when there are no errors. Fit for `pod validate`. */
  readonly manifest?: unknown;
  /** Everything by place in the file that was read. */
  readonly errors: readonly PodError[];
  /** What the manifest does not say any more. */
  readonly lost: readonly PodError[];
  readonly warnings: readonly PodError[];
}

export interface ConvertOptions {
  /** Other images, by app. */
  readonly images?: ReadonlyMap<string, string>;
  /** Another name for the pod. */
  readonly name?: string | undefined;
}

/** The `pod/v1` manifest of one that was written for something else. */
export async function convertManifest(
  text: string,
  path: string,
  { images = new Map(), name }: ConvertOptions = {},
): Promise<Converted> {
  const reads = readDocuments(text, path);
  const unread = reads.flatMap(({ errors }) => errors);
  const warnings = reads.flatMap((read) => read.warnings);
  const objects = reads.flatMap(({ document }) => (document ? unpackList(new Node(document)) : []));
  if (unread.length > 0 || objects.length === 0) return { errors: tidy(unread), lost: [], warnings };
  const findings = new Findings(API_VERSION);
  const pod = convertObjects(objects, images, findings);
  if (pod) replaceImages(pod, images);
  if (pod && name !== undefined) pod.map('metadata', objects[0]!).set('name', name, objects[0]!);
  const judged = pod && (await judge(pod, path));
  // What was wrong in the file is wrong in the manifest too.
  const known = new Set(findings.errors.map(placeOf));
  const errors = tidy([...findings.errors, ...(judged?.errors ?? []).filter((error) => !known.has(placeOf(error)))]);
  return {
    ...(errors.length === 0 && judged ? { manifest: judged.manifest } : {}),
    errors,
    lost: tidy(findings.lost),
    warnings: tidy([...warnings, ...findings.warnings, ...(judged?.warnings ?? [])]),
  };
}

function convertObjects(
  objects: readonly Node[],
  images: ReadonlyMap<string, string>,
  findings: Findings,
): Target | undefined {
  const own = objects.find((object) => object.field('apiVersion')?.value === API_VERSION);
  if (own) {
    findings.format(own.field('apiVersion')!, `it is a manifest of ${API_VERSION} already`, '"pod validate" checks it');
    return undefined;
  }
  const [first, second] = objects;
  if (first && !second && isAppc(first)) return convertAppc(first, newPod, images, findings);
  for (const object of objects) {
    if (isKube(object)) continue;
    findings.format(object, 'neither a manifest of Kubernetes nor one of appc', 'both say of which "kind" they are');
  }
  return findings.errors.length > 0 ? undefined : convertKube(objects, newPod, findings);
}

function newPod(from: Node): Target {
  const pod = new Target(from);
  pod.set('apiVersion', API_VERSION, from);
  pod.set('kind', 'Pod', from);
  return pod;
}

function replaceImages({ value }: Target, images: ReadonlyMap<string, string>): void {
  const apps = (value['apps'] ?? []) as Record<string, unknown>[];
  requireApps(
    images,
    apps.map(({ name }) => name),
  );
  for (const app of apps) app['image'] = images.get(String(app['name'])) ?? app['image'];
}

/** As `pod validate` does. */
async function judge(pod: Target, path: string): Promise<Converted> {
  const manifest = inSchemaOrder(pod.value);
  const document = new ConvertedDocument(manifest, pod.origins);
  const read = judgeDocument({ document, errors: [], warnings: [] }, '', path, { baseDir: '/' });
  return { manifest, errors: await allErrorsOf(read), lost: [], warnings: read.warnings };
}
