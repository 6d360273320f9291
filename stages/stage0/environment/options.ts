import type { ImageProgress } from '../image/types.ts';
import type { Until, WaitSettings } from './condition.ts';
import type { Environment } from './environment.ts';

export interface EnvironmentOptions {
  /** Paths of manifests, in which `*` and `?` stand for parts of a name, or objects of the same shape. */
  readonly manifests: string | object | readonly (string | object)[];
  /**
   * Called once in an environment whose pods are ready; what they have written to their roots and volumes by then is where every
   * clone begins. It is kept under the content of the manifests, of the images, of `inputs` and of its own text. Nothing is when it
   * throws, when it returns the result of a command that has failed, or when a pod has.
   */
  readonly setup?: (environment: Environment) => unknown;
  /** Paths of files that `setup` reads, as those of manifests: it is called anew when one of them has changed. */
  readonly inputs?: string | readonly string[];
  /** What `setup`, `clone` and `reset` wait for; default: until every app is ready. */
  readonly until?: Until;
  /**
   * Of each clone, reset and wait, and of the start of `setup`; default 60,000. `setup` itself, and the images it needs, take what
   * they take.
   */
  readonly timeoutMs?: number;
  /** `deny`, the default: pods reach only each other. `allow`: as any pod on the bridge. */
  readonly egress?: 'deny' | 'allow';
  /** Path of the lock that all images are kept to, as with `--frozen`; default: the `pod.lock` beside each manifest, if there is one. */
  readonly lock?: string;
  /** Where relative paths start; default: the working directory. */
  readonly baseDir?: string;
  /** Directory of all state and images; default `/var/lib/pod` for root. */
  readonly root?: string;
  readonly onProgress?: (progress: ImageProgress) => void;
}

export interface CloneSettings extends WaitSettings {
  /** Instead of the environment's own; `false`: only until its apps have started. */
  readonly until?: Until | false;
}
