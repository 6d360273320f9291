import type { Position } from '../error.ts';
import type { RolloutSpec } from '../manifest/spec.ts';
import type { StandIn } from './folder.ts';

/** What the pod's image, and files of the host it has, look like now. */
export interface Contents {
  /** Digests by reference; `host` has none, since it is the host itself. */
  readonly images: Readonly<Record<string, string>>;
  /** Digests by path. */
  readonly files: Readonly<Record<string, string>>;
}

/** A pod that a folder, or a revision, wants to be. */
export interface DesiredPod {
  readonly name: string;
  /** Relative to the folder. */
  readonly file: string;
  /** As errors name the manifest. */
  readonly path: string;
  readonly baseDir: string;
  readonly text: string;
  readonly standIn?: StandIn | undefined;
  /** Of the normal form and the contents: equal digests are equal pods. */
  readonly digest: string;
  readonly contents: Contents;
  /** As the manifest refers to them. */
  readonly images: readonly { readonly ref: string; readonly at: Position }[];
  readonly rollout: RolloutSpec;
  /** The pod whose network it shares, and has to be made anew with. */
  readonly joins: string | undefined;
  /** Of the name in the manifest. */
  readonly at: Position;
}

/** Everything that should be, by name. */
export interface DesiredSet {
  /** In the order of their files. */
  readonly pods: readonly DesiredPod[];
  /** Of all names and digests. */
  readonly digest: string;
}
