import type { ImageProgress } from '../image/types.ts';
import type { Until, WaitSettings } from './condition.ts';
import type { Environment } from './environment.ts';

export interface EnvironmentOptions {
  /** Paths of manifests, in which `*` and `?` match parts of a name, or objects of the same shape. */
  readonly manifests: string | object | readonly (string | object)[];
  /**
   * Called once in an environment whose pods are ready. What the pods have written to their roots and volumes by the time it
   * returns becomes the starting point of every clone. The snapshot is stored under a key made from the content of the manifests,
   * of the images and of `inputs`, and the text of this function. No snapshot is stored when the function throws, when it returns
   * the result of a failed command, or when a pod has failed.
   */
  readonly setup?: (environment: Environment) => unknown;
  /** Paths of files that `setup` reads; the same patterns as for manifests. `setup` runs again when one of them has changed. */
  readonly inputs?: string | readonly string[];
  /** What `setup`, `clone` and `reset` wait for; default: until every app is ready. */
  readonly until?: Until;
  /**
   * Time limit of each clone, reset and wait, and of starting the pods for `setup`; default 60,000. `setup` itself, and preparing the
   * images that it needs, have no limit.
   */
  readonly timeoutMs?: number;
  /** `deny`, the default: pods reach only each other. `allow`: pods have the same access as any pod on the bridge. */
  readonly egress?: 'deny' | 'allow';
  /**
   * Path of the lock file that all images must match, as with `--frozen`; default: the `pod.lock` beside each manifest, if it
   * exists.
   */
  readonly lock?: string;
  /** Base directory for relative paths; default: the working directory. */
  readonly baseDir?: string;
  /** Directory of all state and images; default `/var/lib/pod` for root. */
  readonly root?: string;
  readonly onProgress?: (progress: ImageProgress) => void;
}

export interface CloneSettings extends WaitSettings {
  /** Replaces the environment's own condition; `false`: wait only until the apps have started. */
  readonly until?: Until | false;
}
