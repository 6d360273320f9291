import { createPublicKey } from 'node:crypto';
import { PodError } from '../../error.ts';
import { kindOf } from '../../image/signing/key.ts';
import { readTrust } from '../../image/signing/trust-file.ts';
import { storeAt } from '../../image/store.ts';
import { imagesDir } from '../../pod/layout.ts';
import { render } from '../format.ts';
import { age, printable, renderTable } from '../table.ts';
import type { Invocation } from '../verb.ts';

export async function ls({ flags, root, terminal }: Invocation, rest: readonly string[]): Promise<number> {
  if (rest.length > 0) throw new PodError('cli/usage', `unexpected argument "${rest[0]}"`);
  const listed = readTrust(storeAt(imagesDir(root))).map(({ prefix, keys }) => ({
    prefix,
    keys: keys.map(({ id, pem, file, addedAt }) => ({ id, kind: kindOf(createPublicKey(pem)) ?? '', file, addedAt })),
  }));
  const rows = (isWide: boolean): string[][] =>
    listed.flatMap(({ prefix, keys }) =>
      keys.map(({ id, kind, file, addedAt }) => [
        prefix,
        isWide ? id : id.slice(0, 'sha256:'.length + 12),
        kind,
        printable(file),
        age(Date.parse(addedAt)),
      ]),
    );
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => listed,
    names: () => listed.map(({ prefix }) => prefix),
    text: (isWide) => renderTable(terminal, ['PREFIX', 'KEY', 'KIND', 'FILE', 'AGE'], rows(isWide)),
  });
  terminal.out(shown);
  return 0;
}
