import { PodError, PodErrors, podErrorsOf } from '../error.ts';
import { type ContentsOptions, ContentsReader } from './contents.ts';
import { desire, describe, type Description, digestWith } from './describe.ts';
import type { DescriptionCache } from './description-cache.ts';
import { digestOf } from './digest.ts';
import type { FolderFile } from './folder.ts';
import type { Inventory } from './inventory.ts';
import { orderErrors } from './order.ts';
import { portErrors } from './port-errors.ts';
import type { Contents, DesiredPod, DesiredSet } from './types.ts';

export interface DesiredOptions extends ContentsOptions {
  readonly cache?: DescriptionCache | undefined;
  /** The current pods, for manifests that stand in for others. */
  readonly pods: Inventory['pods'];
  readonly onWarning?: ((warning: PodError) => void) | undefined;
}

interface DescribedFile {
  readonly file: FolderFile;
  readonly about: Description;
}

/** What the manifests want, in the order of their files. Throws a `PodErrors` with all faults of all manifests. */
export async function readDesired(files: readonly FolderFile[], options: DesiredOptions): Promise<DesiredSet> {
  const errors: PodError[] = [];
  const described: DescribedFile[] = [];
  for (const file of files) {
    options.signal?.throwIfAborted();
    const about = await describeFile(file, options, errors);
    if (about) described.push({ file, about });
  }
  errors.push(...twins(described));
  errors.push(...portErrors(described.map(({ about }) => about)));
  const pods = await desireAll(described, options, errors);
  // A missing dependency may be in a file that could not be read; then the order of the others is not checked.
  if (described.length === files.length && errors.length === 0) errors.push(...orderErrors(pods));
  if (errors.length > 0) throw new PodErrors([...new Set(errors)]);
  return { pods, digest: digestOfAll(pods) };
}

async function describeFile(
  file: FolderFile,
  { cache, onWarning }: DesiredOptions,
  errors: PodError[],
): Promise<Description | undefined> {
  const known = file.wrong ? undefined : cache?.recall(file);
  if (known) return known;
  const { description, errors: found, warnings } = await describe(file);
  errors.push(...found);
  for (const warning of warnings) onWarning?.(warning);
  // A description with warnings or errors is not cached, because they must be printed each time.
  if (description && found.length === 0 && warnings.length === 0) cache?.keep(file, description);
  return description;
}

async function desireAll(
  described: readonly DescribedFile[],
  options: DesiredOptions,
  errors: PodError[],
): Promise<DesiredPod[]> {
  const reader = new ContentsReader(options);
  const pods: DesiredPod[] = [];
  for (const { file, about } of described) {
    try {
      pods.push(await desire(file, about, reader, contentsBefore(file, about, options.pods)));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  return pods.map((pod) => afterJoined(pod, pods));
}

/** The pod whose network it shares must be there first, whether the manifest says so or not. */
function afterJoined(pod: DesiredPod, pods: readonly DesiredPod[]): DesiredPod {
  const { joins, rollout, at } = pod;
  const { dependsOn } = rollout;
  if (joins === undefined || !pods.some(({ name }) => name === joins)) return pod;
  if (dependsOn.some((one) => one.pod === joins)) return pod;
  return { ...pod, rollout: { ...rollout, dependsOn: [...dependsOn, { pod: joins, condition: 'started', at }] } };
}

/**
 * The contents that the pod of a stand-in was made from; undefined if no pod was made from that manifest, so that they must be
 * read.
 */
function contentsBefore(
  { standIn }: FolderFile,
  { name, form }: Description,
  pods: Inventory['pods'],
): Contents | undefined {
  if (!standIn) return undefined;
  const current = Object.hasOwn(pods, name) ? pods[name]?.current : undefined;
  if (current && digestWith(form, current.contents) === current.digest) return current.contents;
  return standIn === 'keep' ? { images: {}, files: {} } : undefined;
}

function twins(described: readonly DescribedFile[]): PodError[] {
  const seen = new Map<string, Description>();
  return described.flatMap(({ about }) => {
    const first = seen.get(about.name);
    if (!first) {
      seen.set(about.name, about);
      return [];
    }
    const message = `name a pod "${about.name}": the pod of "${first.at.file}" has that name`;
    return [new PodError('manifest/duplicate', message, { at: about.at, hint: 'each pod of a set has its own name' })];
  });
}

function digestOfAll(pods: readonly DesiredPod[]): string {
  const lines = pods.map(({ name, digest, rollout }) => JSON.stringify([name, digest, withoutPlaces(rollout)]));
  return digestOf(lines.toSorted().join('\n'));
}

/** The rollout settings are part of what a folder wants; their positions are not. */
function withoutPlaces({ dependsOn, ...rest }: DesiredPod['rollout']): unknown {
  return [dependsOn.map(({ pod, condition }) => [pod, condition]), rest];
}
