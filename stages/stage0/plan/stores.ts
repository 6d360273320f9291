import { PodError, PodErrors } from '../error.ts';
import type { Draft } from '../isolators/isolator.ts';
import { findingOf } from '../isolators/finding.ts';
import type { AppSpec, PodSpec, VolumeSpec } from '../manifest/spec.ts';
import type { Store } from '../rootfs/types.ts';
import type { HostFacts, StoreFacts } from './facts.ts';
import { isBoundedOnDisk } from './look-for.ts';

/** The number of log files of an app: the current one and the rotated ones. */
export const LOG_FILES = 5;
const LOG_BYTES = 10 * 1024 * 1024;
/** mkfs.ext4(8) finds no space for inodes in a smaller image. */
const MIN_IMAGE_BYTES = 128n * 1024n;
/** Logs get this fraction (1/N) of a limit that includes them. */
const LOG_PART = 8n;

export interface Stores {
  readonly stores: readonly Store[];
  /** The size at which the app's log file is rotated. */
  readonly logBytes: (app: string) => number;
}

interface Input {
  readonly spec: PodSpec;
  readonly facts: HostFacts;
  readonly podsDir: string;
}

interface Drafts {
  readonly pod: Draft;
  readonly apps: ReadonlyMap<string, Draft>;
}

type Limit = NonNullable<Draft['storage']>;
type Wanted = Omit<Store, 'method'>;

/**
 * Decides where files with a size limit are stored and how the kernel counts them. Throws `PodErrors` with all limits that cannot
 * be enforced.
 */
export function planStores({ spec, facts, podsDir }: Input, drafts: Drafts): Stores {
  const logs = new Map<string, bigint>();
  const { wanted, errors } = collect(spec, drafts, logs);
  if (wanted.length === 0 && errors.length === 0) return { stores: [], logBytes: () => LOG_BYTES };
  const host = findingOf(facts, 'store', podsDir);
  const stores = wanted.flatMap((store) => {
    const method = host && methodFor(spec, facts, host);
    if (!method) errors.push(facts.caller ? refusalToCaller(store) : refusal(store, host, podsDir));
    if (method === 'image' && store.bytes < MIN_IMAGE_BYTES) errors.push(tooSmall(store));
    return method ? [{ ...store, method }] : [];
  });
  if (errors.length > 0) throw new PodErrors(errors);
  return { stores, logBytes: (app) => Number((logs.get(app) ?? BigInt(LOG_FILES * LOG_BYTES)) / BigInt(LOG_FILES)) };
}

/**
 * Collects what is limited together. The kernel does not count logs, so their part is subtracted from the limit and put into
 * `logs`.
 */
function collect(spec: PodSpec, drafts: Drafts, logs: Map<string, bigint>): { wanted: Wanted[]; errors: PodError[] } {
  const errors: PodError[] = [];
  const wanted: Wanted[] = spec.volumes.flatMap((volume) => (isBoundedOnDisk(volume) ? [ofVolume(volume)] : []));
  const free = spec.volumes.filter(
    (volume) => volume.kind === 'empty' && volume.medium === 'disk' && !isBoundedOnDisk(volume),
  );
  const withoutLogs = (apps: readonly AppSpec[], { bytes }: Limit): bigint => {
    const most = BigInt(LOG_FILES * LOG_BYTES);
    const each = bytes / LOG_PART / BigInt(apps.length);
    for (const { name } of apps) logs.set(name, each < most ? each : most);
    return bytes - apps.reduce((sum, { name }) => sum + logs.get(name)!, 0n);
  };
  const { storage } = drafts.pod;
  if (storage) {
    const apps = spec.apps.map(({ name }) => name);
    const volumes = free.map(({ name }) => name);
    wanted.push({ name: 'pod', bytes: withoutLogs(spec.apps, storage), apps, volumes, at: storage.at });
  }
  for (const app of spec.apps) {
    const limit = drafts.apps.get(app.name)!.storage;
    if (!limit) continue;
    const isAll = limit.covers === 'all';
    const volumes = isAll ? free.filter(({ name }) => app.mounts.some(({ volume }) => volume === name)) : [];
    for (const volume of volumes) errors.push(...refuseShared(spec, app, volume, limit));
    wanted.push({
      name: `app.${app.name}`,
      bytes: isAll ? withoutLogs([app], limit) : limit.bytes,
      apps: [app.name],
      volumes: volumes.map(({ name }) => name),
      at: limit.at,
    });
  }
  return { wanted, errors };
}

export function isImage({ method }: Store): boolean {
  return method === 'image';
}

function ofVolume(volume: VolumeSpec): Wanted {
  const { sizeBytes, name, at } = volume as Extract<VolumeSpec, { kind: 'empty' }>;
  return { name: `volume.${name}`, bytes: BigInt(sizeBytes!), apps: [], volumes: [name], at };
}

function refuseShared(spec: PodSpec, app: AppSpec, { name }: VolumeSpec, { at }: Limit): PodError[] {
  const others = spec.apps.filter((other) => other !== app && other.mounts.some(({ volume }) => volume === name));
  if (others.length === 0) return [];
  const message = `limit the ephemeral storage of app "${app.name}": app "${others[0]!.name}" also mounts volume "${name}"`;
  return [new PodError('manifest/schema', message, { at, hint: 'give the volume a size, or limit the pod instead' })];
}

/**
 * An app in the host's user namespace could remove its files from their project, so it gets an image instead, which it cannot
 * leave.
 */
function methodFor(spec: PodSpec, { caller }: HostFacts, host: StoreFacts): Store['method'] | undefined {
  if (host.isMemory) return 'memory';
  if (caller) return undefined;
  if (host.hasProjectQuota && spec.userns.mode !== 'host') return 'project';
  return host.makeFileSystem !== null && host.hasLoopDevices ? 'image' : undefined;
}

function refusalToCaller({ bytes, at }: Wanted): PodError {
  return new PodError('host/privilege', `limit what is on disk to ${bytes} bytes: only root can`, {
    at,
    hint: 'a normal user can do it when the state directory (--root) is on a tmpfs',
  });
}

function tooSmall({ bytes, at }: Wanted): PodError {
  return new PodError('host/unsupported', `limit what is on disk to ${bytes} bytes: a file system needs 128 KiB`, {
    at,
    hint: 'write a larger size, or "medium: memory"',
  });
}

function refusal({ bytes, at }: Wanted, host: StoreFacts | null, podsDir: string): PodError {
  const lacks = host?.hasLoopDevices === false ? 'no loop devices' : 'no mkfs.ext4';
  return new PodError(
    'host/unsupported',
    `limit what is on disk to ${bytes} bytes: "${podsDir}" has no project quotas, and this host ${lacks} for an image`,
    { at, hint: 'install e2fsprogs, or mount the file system with "prjquota"' },
  );
}
