/** What by its name is nobody's to read. */
const SECRET_NAME =
  /pass(word|wd|phrase)?\b|passw|secret|token|credential|api[-_.]?key|private[-_.]?key|access[-_.]?key|auth(?!or)|cookie|\bpwd\b/i;
const SECRET_FILE = /\.(key|pem|p12|pfx|jks|keytab|kdbx)$|(^|[./_-])(env|htpasswd|shadow|netrc|id_rsa|id_ed25519)$/i;
/** Names of fields whose members are named by whoever wrote the manifest. */
const NAMED: ReadonlySet<string> = new Set(['env', 'files', 'annotations', 'headers']);

const MASKS: readonly (readonly [RegExp, string])[] = [
  // user:password@ in a URL
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi, '$1***'],
  // password=…, "token": …, in what is said to a program or written in a file
  [/((?:password|passwd|secret|token|api[-_]?key)["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi, '$1***'],
];
const SECRET_OPTION = /^--?[\w-]*(password|passwd|secret|token|api-?key)[\w-]*$/i;

/**
 * A value without what is secret in it. `other` is the value on the other side: a secret that is not the same there says so by
 * `side`.
 */
export function mask(value: unknown, other: unknown, side: string): unknown {
  return maskIn(value, other, side, false);
}

function maskIn(value: unknown, other: unknown, side: string, isNamed: boolean): unknown {
  if (Array.isArray(value)) return maskList(value, other, side);
  if (typeof value === 'string') return maskText(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const there = memberOf(other, key);
      const isSecret = isNamed && typeof item === 'string' && (SECRET_NAME.test(key) || SECRET_FILE.test(key));
      return [key, isSecret ? hidden(item, there, side) : maskIn(item, there, side, NAMED.has(key))];
    }),
  );
}

/** The word after `--password` is one. */
function maskList(list: readonly unknown[], other: unknown, side: string): unknown[] {
  return list.map((item, index) => {
    const there = Array.isArray(other) ? (other[index] as unknown) : undefined;
    const before = list[index - 1];
    const isSecret = typeof item === 'string' && typeof before === 'string' && SECRET_OPTION.test(before);
    return isSecret ? hidden(item, there, side) : maskIn(item, there, side, false);
  });
}

function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}

function hidden(value: unknown, other: unknown, side: string): string {
  return other === undefined || other === value ? '***' : `*** (${side})`;
}

function maskText(text: string): string {
  return MASKS.reduce((masked, [pattern, replacement]) => masked.replaceAll(pattern, replacement), text);
}
