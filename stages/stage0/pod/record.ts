import { existsSync, writeFileSync } from 'node:fs';
import { parseObject, readIfThere, replaceFile } from './files.ts';
import { POD_FILES } from './layout.ts';

export interface AppRecord {
  readonly name: string;
  readonly image: { readonly ref: string; readonly digest: string };
  /** `always`: the app is not expected to end, and its code does not count for the pod's. */
  readonly restart?: 'never' | 'on-failure' | 'always';
  /** Where the manifest has its hooks: `file:line:col` by name. */
  readonly hooks?: Readonly<Record<string, string>>;
  /** What a later process in the app needs to be launched alike; only the launcher reads it. */
  readonly exec?: unknown;
}

/** All that is known of a pod when it starts; what happens later is in the journal. */
export interface PodRecord {
  readonly uuid: string;
  readonly name: string;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** Its text is in `manifest.yaml`. */
  readonly manifest: { readonly path: string };
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly network: { readonly mode: string; readonly ips: readonly string[] };
  readonly bootId: string;
  readonly hostname: string;
  /** First host uid of the pod's range; null without a user namespace. */
  readonly uidBase: number | null;
  /** Where the pod's processes find its metadata service; it holds a token. */
  readonly metadataUrl?: string;
  /** `--rm`: nobody needs the pod once it has exited; gc does not wait for the grace period. */
  readonly autoRemove?: boolean;
  readonly apps: readonly AppRecord[];
}

/** Must come before the start: a pod that runs has a record. */
export function writeRecord(podPath: string, record: PodRecord): void {
  // Not by way of a second file: until the pod's directory is moved to `run`, nobody takes it for a pod.
  writeFileSync(`${podPath}/${POD_FILES.record}`, `${JSON.stringify(record)}\n`, { mode: 0o600 });
}

/** Somebody wants to look at what is left when it has exited: it is as if it had been started without `--rm`. */
export function keepAfterExit(podPath: string): void {
  const record = readRecord(podPath);
  if (record) replaceFile(`${podPath}/${POD_FILES.record}`, `${JSON.stringify({ ...record, autoRemove: false })}\n`);
}

/** Why a pod has no record that can be read, for what cannot be done without. */
export function whyNoRecord(podPath: string): string {
  const path = `${podPath}/${POD_FILES.record}`;
  return existsSync(path) ? `"${path}" is damaged` : 'it died before it started';
}

/** Undefined when the pod died before it was written, or a power cut left it empty. */
export function readRecord(podPath: string): PodRecord | undefined {
  const text = readIfThere(`${podPath}/${POD_FILES.record}`);
  const object = text === undefined ? undefined : parseObject(text);
  return object && isRecord(object) ? object : undefined;
}

/** The same for who looks at many pods, or removes one: one on a failing disk counts as one without a record. */
export function readRecordIfReadable(podPath: string): PodRecord | undefined {
  try {
    return readRecord(podPath);
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined;
    throw error;
  }
}

/** Only what readers rely on: the file is ours, and written in one piece. */
function isRecord(value: object): value is PodRecord {
  const { name, apps, createdAt, network, manifest } = value as Partial<PodRecord>;
  return typeof name === 'string' && typeof createdAt === 'string' && Array.isArray(apps) && !!network && !!manifest;
}
