import { isSecretFile, secrecyOf } from './secret-name.ts';
import { type Hidden, isHidden, OptionReader } from './secret-option.ts';
import { HIDDEN, maskLogin, maskText } from './secret-text.ts';

/** Fields whose member names are chosen by the author of the manifest. */
const NAMED: ReadonlySet<string> = new Set(['env', 'files', 'annotations', 'headers']);
/** The next word is a script: values assigned in it end within it. */
const SCRIPT_OPTION = /^-[a-z]*c$/;

/**
 * A value with its secrets masked. `other` is the value on the other side of a comparison: a secret that differs there is marked
 * with `side`.
 */
export function mask(value: unknown, other: unknown, side: string): unknown {
  return maskIn(value, other, { side });
}

interface Place {
  readonly side: string;
  /** The field that contains the value. */
  readonly field?: string;
  /** The value is the text of a file. */
  readonly isFile?: boolean;
}

function maskIn(value: unknown, other: unknown, { side, field, isFile = false }: Place): unknown {
  if (Array.isArray(value)) return maskList(value, other, side);
  if (typeof value === 'string') return sided(maskText(value, isFile), value, other, side);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const there = memberOf(other, key);
      if (typeof item !== 'string') return [key, maskIn(item, there, { side, field: key })];
      if (key === 'image') return [key, item];
      return [
        key,
        isNamedSecret(field, key)
          ? hidden(item, there, side)
          : maskIn(item, there, { side, isFile: field === 'files' }),
      ];
    }),
  );
}

/** Names that the author did not choose do not mark secrets: `token: x` may be one of our own fields. */
function isNamedSecret(field: string | undefined, key: string): boolean {
  if (field === 'files') return isSecretFile(key);
  return field !== undefined && NAMED.has(field) && secrecyOf(key) !== undefined;
}

/** Masks the words of a command. */
function maskList(list: readonly unknown[], other: unknown, side: string): unknown[] {
  const reader = new OptionReader();
  let before: { readonly word: string; readonly hides: Hidden | undefined } | undefined;
  return list.map((item, index) => {
    const there = Array.isArray(other) ? (other[index] as unknown) : undefined;
    if (typeof item !== 'string') return maskIn(item, there, { side });
    const last = before;
    before = { word: item, hides: reader.read(item) };
    if (last?.hides?.what === 'next word' && isHidden(last.word, item)) return hidden(item, there, side);
    return sided(maskWord(item, last, before.hides), item, there, side);
  });
}

function maskWord(
  item: string,
  last: { readonly word: string; readonly hides: Hidden | undefined } | undefined,
  own: Hidden | undefined,
): string {
  if (last?.hides?.what === 'login') return maskLogin(item);
  if (own?.what === 'rest') return item.slice(0, own.from) + HIDDEN;
  // The word ends where the list element ends, whatever it contains.
  const [assigned, name] = /^-{0,2}([\w.-]+)=/.exec(item) ?? [];
  const isScript = last !== undefined && SCRIPT_OPTION.test(last.word);
  if (assigned !== undefined && !isScript && secrecyOf(name!) === 'sure') return assigned + HIDDEN;
  return maskText(item, false);
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function hidden(value: unknown, other: unknown, side: string): string {
  return sided(HIDDEN, value, other, side);
}

/** Marks texts that differ only in what is hidden. */
function sided(masked: string, value: unknown, other: unknown, side: string): string {
  const isOther = typeof other === 'string' && other !== value && masked !== value;
  return isOther ? masked.replaceAll(HIDDEN, `${HIDDEN} (${side})`) : masked;
}
