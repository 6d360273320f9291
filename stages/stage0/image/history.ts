import { digestOf, type Documents } from './documents.ts';
import { arrayOf, type JsonObject, objectOf, parseJson } from './json.ts';

/** A layer as its image describes it. */
export interface DescribedLayer {
  /** `sha256:…` as it is transferred; undefined in a docker archive, which does not say. */
  readonly digest: string | undefined;
  /** `sha256:…` uncompressed. */
  readonly diffId: string;
  /** The command that made it, and when: RFC 3339. Whatever the image says. */
  readonly createdBy: string | undefined;
  readonly createdAt: string | undefined;
}

/** All layers of the image, lowest first. They were checked when the image was resolved. */
export function describeLayers(documents: Documents, label: string): DescribedLayer[] {
  const config = configObject(documents, label);
  const diffIds = arrayOf(objectOf(config.rootfs, label).diff_ids, label).map(String);
  const manifest = documents.manifest ? objectOf(parseJson(documents.manifest, label), label) : {};
  const descriptors = arrayOf(manifest.layers, label).map((layer) => objectOf(layer, label));
  const steps = arrayOf(config.history, label).map((step) => objectOf(step, label));
  const makers = steps.filter((step) => step.empty_layer !== true);
  // A history that does not fit says nothing about any of them.
  const isTold = makers.length === diffIds.length;
  return diffIds.map((diffId, index) => ({
    digest: textOf(descriptors[index]?.digest),
    diffId,
    createdBy: isTold ? textOf(makers[index]!.created_by) : undefined,
    createdAt: isTold ? textOf(makers[index]!.created) : undefined,
  }));
}

export function configObject({ config }: Documents, label: string): JsonObject {
  return objectOf(parseJson(config, label), label);
}

export function configDigest({ config }: Documents): string {
  return digestOf(config);
}

/** Annotations are for people: what is none is left out, and keeps nobody from seeing the rest. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
