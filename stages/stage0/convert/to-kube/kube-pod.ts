import type { AppSpec, PodSpec } from '../../manifest/spec.ts';
import type { Node } from '../node.ts';
import type { Target } from '../target.ts';

/** What is known of a pod while it is written for Kubernetes. */
export interface KubePod {
  /** Passed every check: what has a default has it. */
  readonly spec: PodSpec;
  readonly from: Node;
  readonly pod: Target;
  /** Of the pod. */
  readonly out: Target;
  /** Other images, by app. */
  readonly images: ReadonlyMap<string, string>;
  readonly configMaps: Target[];
  /** Volumes that are read-only for every app. */
  readonly readOnlyVolumes: Set<string>;
  /** Apps that become init containers, in their order. */
  readonly inits: readonly string[];
}

export interface KubeContainer {
  readonly app: AppSpec;
  readonly from: Node;
  readonly out: Target;
  readonly in: KubePod;
  readonly isInit: boolean;
}
