import { PodError, PodErrors, podErrorsOf } from '../error.ts';
import type { resolveImage } from '../image/resolve.ts';
import type { ImageProgress, ResolvedImage } from '../image/types.ts';
import { highestIdOf } from '../image/notes.ts';
import { hasPlainEtc } from '../image/plain-etc.ts';
import { storeAt } from '../image/store.ts';
import { lookupUser } from '../image/user.ts';
import type { AppSpec, PodSpec } from '../manifest/spec.ts';
import type { ResolvedApp } from '../plan/types.ts';
import { adoptImage } from './adopt-image.ts';
import { resolveOwn } from './resolve-own.ts';
import { judgePin } from '../pins/judge-pin.ts';
import { type Frozen, type Pins, pinToFetch } from '../pins/pins.ts';

export interface ResolveInput {
  readonly storeDir: string;
  readonly baseDir: string;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Digests of references that are already known. */
  readonly images?: Readonly<Record<string, string>> | undefined;
  /** The lock beside the manifest. */
  readonly pins?: Pins | undefined;
  readonly frozen?: Frozen | undefined;
  readonly onWarning?: ((warning: PodError) => void) | undefined;
}

/** Resolves the image of every app, in parallel, and its user. Throws all failures at once. */
export async function resolveApps(spec: PodSpec, input: ResolveInput): Promise<ResolvedApp[]> {
  const images = new Map<string, Promise<ResolvedImage>>();
  for (const { image } of spec.apps) {
    if (images.has(image.value)) continue;
    const digest = input.images?.[image.value] ?? pinToFetch(input.pins, image.value);
    images.set(image.value, resolveOwn(image.value, { ...optionsOf(input), at: image.at, digest }));
  }
  const settled = await Promise.allSettled(
    spec.apps.map(async (app) => resolveApp(app, await images.get(app.image.value)!, input, spec)),
  );
  const errors = settled.flatMap((result) => (result.status === 'rejected' ? podErrorsOf(result.reason) : []));
  const apps = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  errors.push(...breachesOf(apps, input));
  if (errors.length > 0) throw new PodErrors([...new Set(errors)]);
  return apps;
}

/** The pod with what its apps take from their images. */
export function withAdopted(spec: PodSpec, apps: readonly ResolvedApp[]): PodSpec {
  return apps.every((app, index) => app.spec === spec.apps[index])
    ? spec
    : { ...spec, apps: apps.map((app) => app.spec) };
}

/** Rejects images that the lock does not pin. */
function breachesOf(apps: readonly ResolvedApp[], { pins, frozen, onWarning }: ResolveInput): PodError[] {
  const judged = apps.flatMap(({ spec, image }) => judgePin(pins, image, { at: spec.image.at, frozen }) ?? []);
  for (const { severity, error } of judged) if (severity === 'warning') onWarning?.(error);
  return judged.flatMap(({ severity, error }) => (severity === 'error' ? [error] : []));
}

function optionsOf({
  storeDir,
  baseDir,
  onProgress,
  signal,
}: ResolveInput): Omit<Parameters<typeof resolveImage>[1], 'at' | 'digest'> {
  return { storeDir, baseDir, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) };
}

/** A user that is not in the image is an error at the line that names the user. */
function resolveApp(
  spec: AppSpec,
  image: ResolvedImage,
  { storeDir, onWarning }: ResolveInput,
  { userns, isolators }: PodSpec,
): ResolvedApp {
  try {
    const adopted = adoptImage(spec, image, isolators);
    const { highestId, ...contents } = lookInsideOnce(spec, image, storeDir);
    if (userns.mode !== 'host' && highestId >= userns.size) onWarning?.(foreignOwner(spec, highestId, userns.size));
    return { spec: adopted, image, ...contents };
  } catch (error) {
    if (!(error instanceof PodError) || error.at) throw error;
    const at = spec.user?.at ?? spec.group?.at ?? spec.image.at;
    throw new PodError(error.code, error.message, { at, hint: error.hint, cause: error });
  }
}

/** A warning only: the app runs, and it may never need those files. */
function foreignOwner({ image: { value: ref, at } }: AppSpec, id: number, size: number): PodError {
  const message = `run image "${ref}": files in it belong to id ${id}, and the pod has only the ids below ${size}`;
  return new PodError('image/user', message, { at, hint: 'with "userns: host" owners are those of the image' });
}

type Contents = Pick<ResolvedApp, 'user' | 'hasPlainEtc'> & { readonly highestId: number };

const MOST_KEPT = 64;
const kept = new Map<string, Contents>();

/** Layers in the store never change, so neither do the users in them; a `dir:` image is read again each time. */
function lookInsideOnce(spec: AppSpec, image: ResolvedImage, storeDir: string): Contents {
  const layers = image.mounts[0]?.layers ?? [];
  const isInStore = layers.every((layer) => layer.startsWith(`${storeDir}/`));
  const look = (): Contents => ({
    user: lookupUser(image, spec.user?.value, spec.group?.value, spec.supplementaryGids),
    hasPlainEtc: isInStore && hasPlainEtc(layers),
    highestId: isInStore ? highestIdOf(storeAt(storeDir), layers) : 0,
  });
  if (!isInStore) return look();
  const { user, group, supplementaryGids } = image.config;
  const key = JSON.stringify([
    layers,
    user,
    group,
    supplementaryGids,
    spec.user?.value,
    spec.group?.value,
    spec.supplementaryGids,
  ]);
  const known = kept.get(key);
  if (known) return known;
  const found = look();
  if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
  kept.set(key, found);
  return found;
}
