import { type ConfigFile, parseConfigFile } from './config.ts';
import { arrayOf, type JsonObject, objectOf, parseJson, stringOf } from './json.ts';
import { type Descriptor, isIndex, parseDescriptor } from './oci-select.ts';
import { requirePlatform } from './platform.ts';
import { corrupt, printableText } from './tar/fault.ts';

/** What an image manifest names: https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface ManifestParts {
  readonly config: Descriptor;
  /** Lowest first. */
  readonly layers: readonly Descriptor[];
  /** The manifest's name in messages. */
  readonly label: string;
}

const LAYER_TYPES =
  /^application\/vnd\.(oci\.image\.layer(\.nondistributable)?\.v1\.tar(\+(gzip|zstd))?|docker\.image\.rootfs\.(foreign\.)?diff\.tar(\.(gzip|zstd))?)$/;

/** `origin`: where the image is, for messages about its parts. */
export function partsOf(json: unknown, origin: string, label: string): ManifestParts {
  const manifest = objectOf(json, label);
  checkManifest(manifest, label);
  const config = parseDescriptor(manifest.config, origin, 'configuration');
  const layers = arrayOf(manifest.layers, `${label}, "layers"`).map((layer) => parseDescriptor(layer, origin, 'layer'));
  for (const { mediaType, label: layer } of layers) {
    if (!LAYER_TYPES.test(mediaType))
      throw corrupt(`read ${layer}: layers of type "${printableText(mediaType)}" are not supported`);
  }
  return { config, layers, label };
}

/** Rejects a document that one tool would read as an image and another as an index: CVE-2021-41190. */
function checkManifest(manifest: JsonObject, label: string): void {
  if (manifest.schemaVersion !== 2)
    throw corrupt(`read ${label}: schema version ${JSON.stringify(manifest.schemaVersion)}, not 2`);
  if (manifest.manifests !== undefined || isIndex(stringOf(manifest.mediaType, label)))
    throw corrupt(`read ${label}: it claims to be an image and an index at once`);
}

/** The configuration, if it is for this machine and knows each layer. */
export function configOf(bytes: Buffer, { config, layers, label }: ManifestParts): ConfigFile {
  const file = parseConfigFile(parseJson(bytes, config.label), config.label);
  requirePlatform(file, config.label);
  if (layers.length !== file.diffIds.length)
    throw corrupt(`read ${label}: it has ${layers.length} layers, its configuration ${file.diffIds.length}`);
  return file;
}
