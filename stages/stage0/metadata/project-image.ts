import type { AciConfig, ImageConfig } from '../image/types.ts';
import { AC_VERSION, acIdentifierOf, type Annotation, annotationsOf, listed } from './appc.ts';
import { environmentOf, type ServedImage } from './project-pod.ts';

/** Of spec/aci.md. */
export interface ImageManifest {
  readonly acKind: 'ImageManifest';
  readonly acVersion: string;
  readonly name: string;
  readonly labels?: readonly Annotation[];
  readonly app?: {
    readonly exec: readonly string[];
    readonly user: string;
    readonly group: string;
    readonly supplementaryGIDs?: readonly number[];
    readonly workingDirectory?: string;
    readonly environment?: readonly Annotation[];
    readonly eventHandlers?: readonly { readonly name: string; readonly exec: readonly string[] }[];
    readonly mountPoints?: AciConfig['mountPoints'];
    readonly ports?: AciConfig['ports'];
    readonly isolators?: AciConfig['isolators'];
  };
  readonly annotations?: readonly Annotation[];
}

/** What appc calls the machines Node runs on here. */
const ARCH: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'aarch64' };

/**
 * `docker://docker.io/library/nginx:1.27` → docker.io/library/nginx, 1.27; `oci:./images/nginx` → nginx. An ACI says what it is
 * called.
 */
export function nameImage(ref: string, arch: string, aci?: AciConfig): Pick<ServedImage, 'name' | 'labels'> {
  if (aci) return { name: aci.name, labels: aci.labels };
  const colon = ref.indexOf(':');
  const isRegistry = ref.startsWith('docker://');
  const path = isRegistry ? ref.slice('docker://'.length).replace(/@.*/, '') : ref.slice(colon + 1);
  const [, place, tag] = /^(.*?)(?::([^/:]*))?$/.exec(path)!;
  const name = acIdentifierOf(isRegistry ? place! : place!.replace(/\/+$/, '').replace(/.*\//, ''));
  const version = tag ? [{ name: 'version', value: tag }] : [];
  return {
    name,
    labels: [...version, { name: 'os', value: 'linux' }, { name: 'arch', value: ARCH[arch] ?? arch }],
  };
}

/** Of an ACI, its digest. Images of other formats have no tar that it would be the hash of: theirs is the hash of what identifies them. */
export function imageId(digest: string): string {
  if (digest.startsWith('sha512:')) return digest.replace(':', '-');
  const { createHash } = process.getBuiltinModule('node:crypto');
  return `sha512-${createHash('sha512').update(digest).digest('hex')}`;
}

/** The image's manifest, had it been an ACI. */
export function projectImage({ name, labels, config }: ServedImage): ImageManifest {
  return {
    acKind: 'ImageManifest',
    acVersion: AC_VERSION,
    name,
    ...listed('labels', labels),
    ...appOf(config),
    ...listed('annotations', annotationsOf(config.labels)),
  };
}

/** Who starts nothing by itself, or by a name that only a PATH finds, has no `app` in appc. */
function appOf(config: ImageConfig): Pick<ImageManifest, 'app'> {
  const exec = [...config.entrypoint, ...config.command];
  if (!exec[0]?.startsWith('/')) return {};
  const [user = '', group = config.group ?? ''] = (config.user ?? '').split(':');
  return {
    app: {
      exec,
      user: user || '0',
      group: group || '0',
      ...(config.workingDirectory === undefined ? {} : { workingDirectory: config.workingDirectory }),
      ...listed('environment', environmentOf(config.env)),
      ...listed('supplementaryGIDs', config.supplementaryGids ?? []),
      ...(config.aci ? wordsOf(config.aci) : {}),
    },
  };
}

/** What an ACI says itself, whatever of it applies. */
function wordsOf({ hooks, mountPoints, ports, isolators }: AciConfig): Partial<NonNullable<ImageManifest['app']>> {
  const handlers = [
    { name: 'pre-start', exec: hooks.preStart ?? [] },
    { name: 'post-stop', exec: hooks.postStop ?? [] },
  ].filter(({ exec }) => exec.length > 0);
  return {
    ...listed('eventHandlers', handlers),
    ...listed('mountPoints', mountPoints),
    ...listed('ports', ports),
    ...listed('isolators', isolators),
  };
}
