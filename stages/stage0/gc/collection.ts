export interface CollectOptions {
  /** Exited pods stay this long, for whoever wants their logs. */
  readonly graceMs: number;
  /** Pods that were prepared and never run stay this long. */
  readonly expirePreparedMs: number;
  /** Only says what would be done. */
  readonly isDryRun: boolean;
}

export const DEFAULT_COLLECT: CollectOptions = {
  graceMs: 30 * 60_000,
  expirePreparedMs: 24 * 3_600_000,
  isDryRun: false,
};

export interface Collected {
  readonly what: 'pod' | 'claim' | 'cgroup' | 'image' | 'source' | 'network' | 'snapshot';
  readonly id: string;
  /** `removed` or what was found: `died`, `exited 2h ago`… */
  readonly why: string;
}

export interface Collection {
  readonly collected: readonly Collected[];
  /** The bridge network that was made anew: somebody else had removed some of it, and pods are on it. */
  readonly mended?: string | undefined;
  /** One for each thing that could not be removed; the next run tries again. */
  readonly failures: readonly { readonly id: string; readonly error: unknown }[];
}
