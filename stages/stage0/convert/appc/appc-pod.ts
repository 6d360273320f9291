import type { Node } from '../node.ts';
import type { Target } from '../target.ts';

/** What is known of a pod while its manifest is converted. */
export interface AppcPod {
  readonly pod: Target;
  /** Images of `pod/v1`, by app. */
  readonly images: ReadonlyMap<string, string>;
  /** Those of the host, by the name of the app's port; what is left was of no app. */
  readonly hostPorts: Map<string, Node>;
  readonly volumes: ReadonlySet<unknown>;
}

/** One app of it. */
export interface AppcApp {
  readonly from: Node;
  readonly app: Target;
  readonly in: AppcPod;
}
