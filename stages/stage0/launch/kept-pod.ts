import { closeSync, openSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import type { ManifestInput, RunOptions } from '../cli/launch-api.ts';
import { cgroupSources } from '../cgroup/hierarchies.ts';
import { hashName } from '../image/record.ts';
import { resolveCached } from '../image/resolve.ts';
import type { ResolvedImage } from '../image/types.ts';
import type { CgroupFacts, HostFacts, Look } from '../plan/facts.ts';
import { lookAround } from '../plan/look.ts';
import { fingerprint, readHostFacts } from '../plan/read-facts.ts';
import { imagesDir } from '../pod/layout.ts';
import { isAsPinned, type Pins } from '../pins/pins.ts';
import { readBootId } from '../pod/uuid.ts';
import { BUILD } from './build.ts';
import type { CompiledPod, PodIdentity } from './compiled.ts';
import { hostPathsOf, type Mounting } from './host-paths.ts';
import { isKernelError } from '../error.ts';

/** What a compiled pod was made from. The stored pod is valid as long as all of this is unchanged. */
export interface Conditions {
  /** The build of pod itself: another version may compile the same manifest to another tape. */
  readonly build: string;
  readonly bootId: string;
  readonly facts: string;
  /** The mount points of the controllers. While `cgroupSources` is unchanged, they need not be searched for. */
  readonly cgroup: CgroupFacts;
  readonly cgroupSources: string;
  /** Further facts that isolators asked for. The results are part of `facts`. */
  readonly looks: readonly Look[];
  /** The manifest's path and the options on the command line. */
  readonly request: string;
  readonly images: readonly ResolvedImage[];
  readonly hostVolumes: readonly { readonly source: string; readonly isFile: boolean }[];
}

export interface KeptPod {
  readonly identity: PodIdentity;
  readonly pod: CompiledPod;
}

type Header = Conditions & {
  readonly identity: PodIdentity;
  /** The tape's bytes follow the header in the file. */
  readonly pod: CompiledPod;
};

/** At the start of the file: the lengths of the header and of the tape. */
const LENGTHS_BYTES = 8;
/** Number of manifests whose compiled form is kept, at about 60 KB each. */
const MOST_KEPT = 200;

/**
 * Returns the pod as it was compiled for its last start, if nothing it depends on has changed: the manifest, pod itself, the
 * kernel's boot and all host facts, the images, the kinds of host volumes, and the images that the lock beside the manifest pins.
 * Planning is pure, so compiling again would give the same result.
 */
export function recallPod(manifest: ManifestInput, options: RunOptions, pins?: Pins): KeptPod | undefined {
  if (BUILD === undefined) return undefined;
  const request = requestOf(manifest, options);
  const stored = load(pathOf(options.root, request));
  // A power failure may have torn the last write, so a file is not used after the boot in which it was written.
  if (stored?.build !== BUILD || stored.bootId !== readBootId() || stored.request !== request) return undefined;
  if (stored.identity.manifest.text !== manifest.text) return undefined;
  if (stored.facts !== fingerprint(factsNow(stored))) return undefined;
  if (!stored.hostVolumes.every(isAsItWas) || !stored.images.every((image) => isResolvedTo(image, options)))
    return undefined;
  if (!stored.images.every((image) => isAsPinned(pins, image))) return undefined;
  return { identity: stored.identity, pod: stored.pod };
}

function factsNow({ cgroup, cgroupSources: sources, looks }: Conditions): HostFacts {
  const facts = readHostFacts(sources === cgroupSources(cgroup) ? cgroup : undefined);
  return looks.length === 0 ? facts : { ...facts, looked: lookAround(looks) };
}

/** Replaces the stored form of the manifest. A full disk must not prevent the start, so write errors are ignored. */
export function keepPod(manifest: ManifestInput, options: RunOptions, kept: KeptPod, made: MadeFrom): void {
  if (BUILD === undefined || !made.images.every((image) => isInStore(image, options))) return;
  const request = requestOf(manifest, options);
  const header: Header = {
    build: BUILD,
    bootId: readBootId(),
    facts: fingerprint(made.facts),
    cgroup: made.facts.cgroup,
    cgroupSources: cgroupSources(made.facts.cgroup),
    looks: Object.keys(made.facts.looked) as Look[],
    request,
    images: made.images,
    hostVolumes: hostPathsOf(made.spec).map(({ source, key }) => ({ source, isFile: made.fileVolumes.has(key) })),
    identity: kept.identity,
    pod: { ...kept.pod, tape: { ...kept.pod.tape, bytes: new Uint8Array(0) } },
  };
  try {
    store(pathOf(options.root, request), header, kept.pod.tape.bytes);
  } catch (error) {
    if (!isKernelError(error)) throw error;
  }
}

/** The inputs of a compilation. */
export interface MadeFrom {
  readonly facts: HostFacts;
  readonly images: readonly ResolvedImage[];
  readonly spec: Mounting;
  readonly fileVolumes: ReadonlySet<string>;
}

/** Includes the root, because the tape's paths begin with it and a state directory may be moved. */
function requestOf(
  { path, baseDir, name, network }: ManifestInput,
  { root, stdin, tty, isDetached, removesItself }: RunOptions,
): string {
  const streams = stdin || tty ? [stdin, tty === true, isDetached === true] : null;
  return JSON.stringify([root, path, baseDir, name ?? null, network ?? null, streams, removesItself === true]);
}

function pathOf(root: string, request: string): string {
  return `${plansDir(root)}/${hashName(request)}`;
}

function plansDir(root: string): string {
  return `${root}/plans`;
}

function isAsItWas({ source, isFile }: Conditions['hostVolumes'][number]): boolean {
  try {
    return !statSync(source).isDirectory() === isFile;
  } catch {
    // The compiler reports the fault, as it knows the line.
    return false;
  }
}

/** Users are looked up in the image's files, and the files of a `dir:` image may change at any time. */
function isInStore({ mounts }: ResolvedImage, { root }: RunOptions): boolean {
  const store = `${imagesDir(root)}/`;
  return mounts[0]?.layers.every((layer) => layer.startsWith(store)) ?? false;
}

function isResolvedTo(image: ResolvedImage, { root, baseDir, images }: RunOptions): boolean {
  const now = resolveCached(image.ref, { storeDir: imagesDir(root), baseDir, digest: images?.[image.ref] });
  return now !== undefined && JSON.stringify(now) === JSON.stringify(image);
}

/** A file that cannot be read, or whose length does not match its header, counts as missing. */
function load(path: string): Header | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
  if (bytes.length < LENGTHS_BYTES) return undefined;
  const end = LENGTHS_BYTES + bytes.readUInt32LE(0);
  if (bytes.length !== end + bytes.readUInt32LE(4)) return undefined;
  try {
    const header = JSON.parse(bytes.toString('utf8', LENGTHS_BYTES, end)) as Header;
    return { ...header, pod: { ...header.pod, tape: { ...header.pod.tape, bytes: bytes.subarray(end) } } };
  } catch {
    return undefined;
  }
}

function store(path: string, header: Header, tape: Uint8Array): void {
  const dir = path.slice(0, path.lastIndexOf('/'));
  makeDirectories(dir, 0o700);
  const draft = `${path}.${process.pid}`;
  const text = Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(LENGTHS_BYTES);
  lengths.writeUInt32LE(text.length, 0);
  lengths.writeUInt32LE(tape.length, 4);
  const fd = openSync(draft, 'w', 0o600);
  try {
    for (const part of [lengths, text, tape]) writeAll(fd, part);
    renameSync(draft, path);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  } finally {
    closeSync(fd);
  }
  dropOldest(dir);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}

/** Runs whenever a plan is stored, to limit the number of stored plans. */
function dropOldest(dir: string): void {
  const names = readdirSync(dir);
  if (names.length <= MOST_KEPT) return;
  const byAge = names
    .map((name) => ({ name, time: statSync(`${dir}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .toSorted((a, b) => a.time - b.time);
  for (const { name } of byAge.slice(0, names.length - MOST_KEPT / 2)) unlinkSync(`${dir}/${name}`);
}
