export interface CollectOptions {
  /** How long exited pods are kept for their logs. */
  readonly graceMs: number;
  /** How long pods are kept that were prepared but never run. */
  readonly expirePreparedMs: number;
  /** Only report what would be done. */
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
  /** `removed`, or the reason: `died`, `exited 2h ago`… */
  readonly why: string;
}

export interface Collection {
  readonly collected: readonly Collected[];
  /** The bridge network that was repaired: part of it had been removed while pods are on it. */
  readonly mended?: string | undefined;
  /** One for each thing that could not be removed; the next run tries again. */
  readonly failures: readonly { readonly id: string; readonly error: unknown }[];
}
