import type { ImageConfig } from '../image/types.ts';
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
    readonly workingDirectory?: string;
    readonly environment?: readonly Annotation[];
  };
  readonly annotations?: readonly Annotation[];
}

/** What appc calls the machines Node runs on here. */
const ARCH: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'aarch64' };

/** `docker://docker.io/library/nginx:1.27` → docker.io/library/nginx, 1.27; `oci:./images/nginx` → nginx. */
export function nameImage(ref: string, arch: string): Pick<ServedImage, 'name' | 'labels'> {
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

/** Images of other formats have no tar that an ACI's id is the hash of: theirs is the hash of what identifies them. */
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
  const [user = '', group = ''] = (config.user ?? '').split(':');
  return {
    app: {
      exec,
      user: user || '0',
      group: group || '0',
      ...(config.workingDirectory === undefined ? {} : { workingDirectory: config.workingDirectory }),
      ...listed('environment', environmentOf(config.env)),
    },
  };
}
