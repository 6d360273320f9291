import { type PodError, type Position } from '../error.ts';
import type { PodSpec, RolloutSpec } from '../manifest/spec.ts';
import type { ContentsReader, References } from './contents.ts';
import { digestOf } from './digest.ts';
import type { FolderFile } from './folder.ts';
import type { Contents, DesiredPod } from './types.ts';

/** Everything about a manifest that decisions need, so that an unchanged manifest is not parsed again. Plain data. */
export interface Description {
  readonly name: string;
  readonly at: Position;
  /** Digest of the normal form. */
  readonly form: string;
  readonly references: References;
  readonly rollout: RolloutSpec;
  /** The pod whose network it shares. */
  readonly joins?: string;
  readonly hostPorts: readonly HostPort[];
}

/** A port that the pod publishes. */
export interface HostPort {
  readonly protocol: string;
  readonly port: number;
  readonly hostIP?: string;
  readonly at: Position;
}

export interface Described {
  readonly description?: Description;
  readonly errors: readonly PodError[];
  readonly warnings: readonly PodError[];
}

/** Parses one manifest. */
export async function describe({ path, text, baseDir, wrong }: FolderFile): Promise<Described> {
  if (wrong) return { errors: [wrong], warnings: [] };
  const [{ parseManifest }, { allErrorsOf }, { frozenSources, normalise }] = await Promise.all([
    import('../manifest/parse.ts'),
    import('../manifest/all-errors.ts'),
    import('./normalise.ts'),
  ]);
  const read = parseManifest(text, path, { baseDir });
  const { spec, warnings } = read;
  const errors = await allErrorsOf(read);
  if (!spec) return { errors, warnings };
  const images = spec.apps.map(({ image }) => ({ ref: image.value, at: image.at }));
  const description = {
    name: spec.name,
    at: spec.nameAt,
    form: digestOf(JSON.stringify(normalise(spec))),
    references: { images: distinct(images), sources: frozenSources(spec) },
    rollout: spec.rollout,
    ...(spec.network.mode === 'pod' ? { joins: spec.network.target } : {}),
    hostPorts: spec.network.mode === 'bridge' || spec.network.mode === 'cni' ? hostPortsOf(spec) : [],
  };
  return { description, errors, warnings };
}

function hostPortsOf({ apps }: PodSpec): HostPort[] {
  return apps
    .flatMap(({ ports }) => ports)
    .flatMap(({ protocol, hostPort, hostIP, at }) =>
      hostPort === undefined ? [] : [{ protocol, port: hostPort, ...(hostIP === undefined ? {} : { hostIP }), at }],
    );
}

function distinct(images: References['images']): References['images'] {
  return [...new Map(images.toReversed().map((image) => [image.ref, image])).values()].toReversed();
}

/** Adds the contents of what the manifest refers to, as they are now or as they were when its pod was made. */
export async function desire(
  file: FolderFile,
  about: Description,
  reader: ContentsReader,
  before: Contents | undefined,
): Promise<DesiredPod> {
  const contents = before ?? (await reader.read(about.references, file.baseDir));
  const { name, rollout, joins, at } = about;
  const { images } = about.references;
  return { ...file, name, digest: digestWith(about.form, contents), contents, images, rollout, joins, at };
}

export function digestWith(form: string, { images, files }: Contents): string {
  return digestOf(JSON.stringify([form, Object.entries(images), Object.entries(files)]));
}
