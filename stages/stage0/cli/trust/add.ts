import { mapAll, PodError } from '../../error.ts';
import { parsePublicKey, type PublicKey } from '../../image/signing/key.ts';
import { changeTrust, parsePrefix, type TrustedKey, type TrustedPrefix } from '../../image/signing/trust-file.ts';
import { createStore } from '../../image/store.ts';
import { readRegularFile } from '../../pod/files.ts';
import { imagesDir } from '../../pod/layout.ts';
import type { Invocation } from '../verb.ts';

const MOST_KEY_BYTES = 64 * 1024;

/** All of them or none. A key that is trusted already stays as it is. */
export async function add({ root, terminal, isQuiet }: Invocation, rest: readonly string[]): Promise<number> {
  const [text, ...files] = rest;
  if (text === undefined) throw new PodError('cli/usage', 'PREFIX is missing');
  if (files.length === 0) throw new PodError('cli/usage', 'KEYFILE is missing');
  const prefix = parsePrefix(text);
  const addedAt = new Date().toISOString();
  const keys = mapAll(files, (file): TrustedKey => ({ ...readKey(file), file, addedAt }));
  await changeTrust(createStore(imagesDir(root)), (now) => withKeys(now, prefix, keys));
  if (!isQuiet) terminal.out(keys.map(({ id }) => `${id}\n`).join(''));
  return 0;
}

function withKeys(
  now: readonly TrustedPrefix[],
  prefix: string,
  keys: readonly TrustedKey[],
): readonly TrustedPrefix[] {
  const before = now.find((one) => one.prefix === prefix)?.keys ?? [];
  const all = new Map([...keys, ...before].map((key) => [key.id, key]));
  return [...now.filter((one) => one.prefix !== prefix), { prefix, keys: [...all.values()] }];
}

function readKey(file: string): PublicKey {
  let text: string | undefined;
  try {
    text = readRegularFile(file, MOST_KEY_BYTES);
  } catch (error) {
    throw new PodError('trust/key', `read key "${file}": ${(error as Error).message}`, { cause: error });
  }
  if (text === undefined) throw new PodError('trust/key', `read key "${file}": it is not a file of a few kilobytes`);
  return parsePublicKey(text, file);
}
