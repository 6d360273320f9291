// Whose signatures count for which images: `trust.json` in the store

import { readFileSync } from 'node:fs';
import { PodError } from '../../error.ts';
import { parseRegistryName, type RegistryName } from '../registry/name.ts';
import { replaceFile, type Store, storeFailure, StoreLock } from '../store.ts';
import type { PublicKey } from './key.ts';

export interface TrustedKey extends PublicKey {
  /** Where it was read from. */
  readonly file: string;
  /** RFC 3339, UTC. */
  readonly addedAt: string;
}

/** Images below the prefix need a signature by one of the keys, of which there is at least one. */
export interface TrustedPrefix {
  /** `HOST[/PATH]`, or `*` for every registry. */
  readonly prefix: string;
  readonly keys: readonly TrustedKey[];
}

interface TrustFile {
  readonly version: 1;
  readonly prefixes: readonly TrustedPrefix[];
}

const EVERY_REGISTRY = '*';

/** Without a file, no image needs a signature. A damaged one is an error: it is not known whom to believe. */
export function readTrust(store: Store): readonly TrustedPrefix[] {
  const path = pathOf(store);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storeFailure(`read "${path}"`, error);
  }
  const file = tryParse(text);
  if (file?.version === 1 && Array.isArray(file.prefixes)) return file.prefixes;
  throw new PodError('state/io', `read "${path}": it is damaged, or was written by a newer version of pod`, {
    hint: 'without it, it is not known which images need a signature; remove it, and add the keys again with pod trust add',
  });
}

function tryParse(text: string): Partial<TrustFile> | undefined {
  try {
    return JSON.parse(text) as Partial<TrustFile>;
  } catch {
    return undefined;
  }
}

/** Replaces it by what `change` makes of it; one process at a time. */
export async function changeTrust(
  store: Store,
  change: (now: readonly TrustedPrefix[]) => readonly TrustedPrefix[],
): Promise<void> {
  using _lock = await StoreLock.acquire(store, 'trust');
  const prefixes = change(readTrust(store)).toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));
  const file: TrustFile = { version: 1, prefixes };
  replaceFile(store, pathOf(store), `${JSON.stringify(file, undefined, 2)}\n`);
}

function pathOf(store: Store): string {
  return `${store.dir}/trust.json`;
}

/** As somebody wrote it, with or without `docker://`. */
export function parsePrefix(text: string): string {
  if (text === EVERY_REGISTRY) return text;
  const bare = text.replace(/^docker:\/\//, '').replace(/\/+$/, '');
  const [, ...path] = bare.split('/');
  if (/[:@]/.test(path.at(-1) ?? '')) {
    throw new PodError('cli/usage', `read prefix "${text}": tags and digests have no trust of their own`, {
      hint: `write ${bare.replace(/[:@][^/]*$/, '')}`,
    });
  }
  try {
    // A repository has a name.
    return [parseRegistryName(path.length === 0 ? `${bare}/any` : bare, text).host, ...path].join('/');
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    throw new PodError('cli/usage', `read prefix "${text}": it is neither a registry nor a part of one`, {
      hint: 'write HOST or HOST/PATH, as in ghcr.io/acme, or * for every registry',
      cause: error,
    });
  }
}

/** What decides about an image: the longest prefix that it is below; undefined when it needs no signature. */
export function trustOf(trust: readonly TrustedPrefix[], name: RegistryName): TrustedPrefix | undefined {
  const { host, repository } = name;
  const names = [`${host}/${repository}`];
  // What people write for it: docker.io/nginx is docker.io/library/nginx.
  if (host === 'docker.io' && repository.startsWith('library/')) names.push(`${host}/${repository.slice(8)}`);
  const isBelow = (prefix: string): boolean => names.some((one) => `${one}/`.startsWith(`${prefix}/`));
  return trust
    .filter(({ prefix }) => prefix === EVERY_REGISTRY || isBelow(prefix))
    .toSorted((a, b) => b.prefix.length - a.prefix.length)[0];
}
