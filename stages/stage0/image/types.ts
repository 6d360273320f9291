import type { Position } from '../error.ts';

/** What an image says about how to run it; all fields may be absent, as in the OCI image configuration. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Of `user`, unless that names one after a colon. */
  readonly group?: string;
  readonly supplementaryGids?: readonly number[];
  readonly workingDirectory?: string;
  readonly stopSignal?: string;
  /** Annotations by the image's author; absent when there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Paths the image declares as volumes. */
  readonly volumes: readonly string[];
  /** Only of an App Container Image. */
  readonly aci?: AciConfig;
}

/** What only an App Container Image can say. `launch` decides what of it applies beside the pod's manifest. */
export interface AciConfig {
  /** An AC Identifier. */
  readonly name: string;
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  /** Not judged yet. */
  readonly isolators: readonly { readonly name: string; readonly value: unknown }[];
  readonly hooks: Readonly<Partial<Record<'preStart' | 'postStop', readonly string[]>>>;
  readonly mountPoints: readonly { readonly name: string; readonly path: string; readonly readOnly: boolean }[];
  /** What the app listens on; informational. `count`: of consecutive ports. */
  readonly ports: readonly {
    readonly name: string;
    readonly protocol: string;
    readonly port: number;
    readonly count: number;
  }[];
}

/** One overlay of a root file system. `layers` are absolute host directories, lowest first, never written to. */
export interface ImageMount {
  /** Its path inside the root, `/` first. */
  readonly target: string;
  readonly layers: readonly string[];
}

/** An image on this machine, verified and unpacked. */
export interface ResolvedImage {
  /** As written in the manifest. */
  readonly ref: string;
  /**
   * `sha256:…`: of the manifest for OCI; otherwise of the archive, or of the directory's identity. `sha512:…` of the uncompressed
   * archive for an App Container Image, whose image ID it is.
   */
  readonly digest: string;
  readonly config: ImageConfig;
  readonly mounts: readonly ImageMount[];
}

export type ImageProgress =
  /** A layer is fetched, or unpacked. */
  | {
      readonly kind: 'download' | 'layer';
      readonly digest: string;
      readonly doneBytes: number;
      readonly totalBytes: number;
    }
  | { readonly kind: 'done'; readonly digest: string };

export interface ResolveOptions {
  /** The store's directory, `<root>/images`; made if missing, mode 0700. */
  readonly storeDir: string;
  /** Base directory of relative references: the manifest's folder. */
  readonly baseDir: string;
  readonly at?: Position;
  /** Digest of the intended image, if known: it is taken from the store, whatever happened to its source. */
  readonly digest?: string | undefined;
  /** What a tag of a registry stands for now, not what it stood for when it was fetched. */
  readonly asksRegistry?: boolean | undefined;
  readonly onProgress?: (progress: ImageProgress) => void;
  readonly signal?: AbortSignal;
  /** Set when this process is in a normal user's user namespace: its number of ids. */
  readonly ids?: number;
}
