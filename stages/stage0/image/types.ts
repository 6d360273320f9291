import type { Position } from '../error.ts';

/** What an image says about how to run it; every field may be absent, as in the OCI image configuration. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workingDirectory?: string;
  readonly stopSignal?: string;
  /** Notes of whoever made the image; absent when there are none. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Paths the image declares as volumes. */
  readonly volumes: readonly string[];
}

/** One overlay of a root file system: `layers` are absolute host directories, lowest first, never written to. */
export interface ImageMount {
  /** Where inside the root, `/` first. */
  readonly target: string;
  readonly layers: readonly string[];
}

/** An image that is on this machine, verified and unpacked. */
export interface ResolvedImage {
  /** As written in the manifest. */
  readonly ref: string;
  /** `sha256:…`; of the manifest for OCI, of the archive or of the directory's identity otherwise. */
  readonly digest: string;
  readonly config: ImageConfig;
  readonly mounts: readonly ImageMount[];
}

export type ImageProgress =
  | { readonly kind: 'layer'; readonly digest: string; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly digest: string };

export interface ResolveOptions {
  /** The store's directory, `<root>/images`; created when missing, mode 0700. */
  readonly storeDir: string;
  /** Relative references resolve against it: the manifest's folder. */
  readonly baseDir: string;
  readonly at?: Position;
  /** Of the image that is meant, when it is known: the store gives it, whatever has become of its source. */
  readonly digest?: string | undefined;
  readonly onProgress?: (progress: ImageProgress) => void;
  readonly signal?: AbortSignal;
  /** This process is in a user namespace of a normal user's, with so many ids. */
  readonly ids?: number;
}
