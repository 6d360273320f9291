import type { Node } from '../node.ts';
import type { Target } from '../target.ts';

/** What is known of a pod while its fields are converted. */
export interface KubePod {
  readonly pod: Target;
  /** ConfigMaps of the same file, by name. */
  readonly configMaps: ReadonlyMap<string, Node>;
  readonly usedConfigMaps: Set<string>;
  /** Volumes that are reported: what mounts them need not be. */
  readonly lostVolumes: Set<string>;
  /** What every container has that does not say otherwise, from the pod's `securityContext`. */
  readonly inherited: Map<string, Node>;
  supplementalGroups?: Node;
  restartPolicy?: Node;
  grace?: Node;
  spec: Node;
  hasHostNetwork: boolean;
  hasOwnPids: boolean;
}

/** One container, and the app that is made of it. */
export interface KubeContainer {
  readonly from: Node;
  readonly app: Target;
  readonly in: KubePod;
  readonly isInit: boolean;
}

export interface KubeVolume {
  readonly volume: Target;
  readonly in: KubePod;
  /** It is not converted, and that is reported. */
  isLost: boolean;
}
