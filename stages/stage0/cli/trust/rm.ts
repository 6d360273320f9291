import { mapAll, PodError } from '../../error.ts';
import { changeTrust, parsePrefix, type TrustedPrefix } from '../../image/signing/trust-file.ts';
import { createStore } from '../../image/store.ts';
import { suggestionHint } from '../../manifest/suggest.ts';
import { imagesDir } from '../../pod/layout.ts';
import type { Invocation } from '../verb.ts';

/** Without ids, the whole prefix: its images need no signature any more. All or nothing. */
export async function rm({ root, terminal, isQuiet }: Invocation, rest: readonly string[]): Promise<number> {
  const [text, ...ids] = rest;
  if (text === undefined) throw new PodError('cli/usage', 'PREFIX is missing');
  const prefix = parsePrefix(text);
  await changeTrust(createStore(imagesDir(root)), (now) => {
    const found = now.find((one) => one.prefix === prefix);
    if (!found) throw unknownPrefix(prefix, now);
    const others = now.filter((one) => one !== found);
    return ids.length === 0 ? others : [...others, withoutKeys(found, ids)];
  });
  if (!isQuiet) terminal.out(ids.length === 0 ? `${prefix}\n` : ids.map((id) => `${id}\n`).join(''));
  return 0;
}

function unknownPrefix(prefix: string, now: readonly TrustedPrefix[]): PodError {
  const known = now.map((one) => one.prefix);
  return new PodError('trust/not-found', `remove the trust for "${prefix}": there is none`, {
    hint: known.length === 0 ? 'no image needs a signature' : suggestionHint(prefix, known, 'there are'),
  });
}

/** Ids may be shortened, as `pod trust ls` shows them. */
function withoutKeys({ prefix, keys }: TrustedPrefix, ids: readonly string[]): TrustedPrefix {
  const gone = mapAll(ids, (id) => {
    const bare = id.replace(/^sha256:/, '');
    const matching = bare === '' ? [] : keys.filter((key) => key.id.startsWith(`sha256:${bare}`));
    if (matching.length === 1) return matching[0]!;
    const found = matching.length === 0 ? 'the prefix has no such key' : `${matching.length} keys begin so`;
    throw new PodError('trust/not-found', `remove key "${id}" of "${prefix}": ${found}`, {
      hint: 'pod trust ls lists the keys',
    });
  });
  const rest = keys.filter((key) => !gone.includes(key));
  if (rest.length > 0) return { prefix, keys: rest };
  throw new PodError('cli/usage', `remove the last key of "${prefix}": no image below it could be run any more`, {
    hint: `add another key first, or, so that its images need no signature, pod trust rm ${prefix}`,
  });
}
