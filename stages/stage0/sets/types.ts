import type { Position } from '../error.ts';
import type { RolloutSpec } from '../manifest/spec.ts';
import type { StandIn } from './folder.ts';

/** The current state of the pod's image and host files. */
export interface Contents {
  /** Digests by reference; `host` has none, because it is the host itself. */
  readonly images: Readonly<Record<string, string>>;
  /** Digests by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** A pod that a folder or a revision wants. */
export interface DesiredPod {
  readonly name: string;
  /** Path relative to the folder. */
  readonly file: string;
  /** The manifest's path in errors. */
  readonly path: string;
  readonly baseDir: string;
  readonly text: string;
  readonly standIn?: StandIn | undefined;
  /** Digest of the normal form and the contents: equal digests are equal pods. */
  readonly digest: string;
  readonly contents: Contents;
  /** The images as the manifest refers to them. */
  readonly images: readonly { readonly ref: string; readonly at: Position }[];
  readonly rollout: RolloutSpec;
  /** The pod whose network it shares, and together with which it must be replaced. */
  readonly joins: string | undefined;
  /** Position of the name in the manifest. */
  readonly at: Position;
}

/** Everything that is wanted, by name. */
export interface DesiredSet {
  /** In the order of their files. */
  readonly pods: readonly DesiredPod[];
  /** Digest of all names and digests. */
  readonly digest: string;
}
