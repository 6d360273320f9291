import { existsSync, writeFileSync } from 'node:fs';
import { parseObject, readIfThere, replaceFile } from './files.ts';
import { POD_FILES } from './layout.ts';
import { isKernelError } from '../error.ts';

export interface AppRecord {
  readonly name: string;
  readonly image: { readonly ref: string; readonly digest: string };
  /** `always`: the app is not expected to end, and its exit code does not count for the pod's. */
  readonly restart?: 'never' | 'on-failure' | 'always';
  /** The places of the hooks in the manifest: `file:line:col` by hook name. */
  readonly hooks?: Readonly<Record<string, string>>;
  /** What is needed to launch a later process in the app the same way; only the launcher reads it. */
  readonly exec?: unknown;
}

/** Everything known about a pod when it starts; later events are in the journal. */
export interface PodRecord {
  readonly uuid: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** The manifest's text is in `manifest.yaml`. */
  readonly manifest: { readonly path: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly network: { readonly mode: string; readonly ips: readonly string[] };
  readonly bootId: string;
  readonly hostname: string;
  /** First host uid of the pod's range; null without a user namespace. */
  readonly uidBase: number | null;
  /** URL of the pod's metadata service, for the pod's processes; contains a token. */
  readonly metadataUrl?: string;
  /** `--rm`: nobody needs the pod once it has exited, so gc does not wait for the grace period. */
  readonly autoRemove?: boolean;
  readonly apps: readonly AppRecord[];
}

/** Must be called before the start: a running pod always has a record. */
export function writeRecord(podPath: string, record: PodRecord): void {
  // No temporary file is needed: nobody reads the directory as a pod until it is moved to `run`.
  writeFileSync(`${podPath}/${POD_FILES.record}`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Keeps the pod for inspection after its exit, as if it had been started without `--rm`. */
export function keepAfterExit(podPath: string): void {
  const record = readRecord(podPath);
  if (record) replaceRecord(podPath, { ...record, autoRemove: false });
}

/** For what was learnt after the record had been written. */
export function replaceRecord(podPath: string, record: PodRecord): void {
  replaceFile(`${podPath}/${POD_FILES.record}`, `${JSON.stringify(record)}\n`);
}

/** Why a pod has no readable record, for operations that require one. */
export function whyNoRecord(podPath: string): string {
  const path = `${podPath}/${POD_FILES.record}`;
  return existsSync(path) ? `"${path}" is damaged` : 'it died before it started';
}

/** Undefined when the pod died before the record was written, or a power failure left it empty. */
export function readRecord(podPath: string): PodRecord | undefined {
  const text = readIfThere(`${podPath}/${POD_FILES.record}`);
  const object = text === undefined ? undefined : parseObject(text);
  return object && isRecord(object) ? object : undefined;
}

/** As `readRecord`, for operations on many pods and for removals: an unreadable record on a failing disk counts as missing. */
export function readRecordIfReadable(podPath: string): PodRecord | undefined {
  try {
    return readRecord(podPath);
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}

/** Checks only what readers rely on, because the file is ours and written in one piece. */
function isRecord(value: object): value is PodRecord {
  const { name, apps, createdAt, network, manifest } = value as Partial<PodRecord>;
  return typeof name === 'string' && typeof createdAt === 'string' && Array.isArray(apps) && !!network && !!manifest;
}
