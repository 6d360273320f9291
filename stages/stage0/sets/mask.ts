/** What by its name is nobody's to read. A key that is public, or is the name of a file, is called so. */
const SECRET_NAMES: readonly RegExp[] = [
  /(?<!com|by|sur|tres)pass(?![a-z])|passw|passphrase|(?<![a-z])(pwd|salt|dsn)(?![a-z])/i,
  /(?<![a-z]|public[-_.]?)key(?![a-z])(?![-_.](id|name|path|file|type|size)(?![a-z]))|(api|access|private)[-_.]?key/i,
  /secret|token|credential|auth(?!or)|cookie|jwt/i,
];
const SECRET_FILE = /\.(key|pem|p12|pfx|jks|keytab|kdbx)$|(^|[./_-])(env|htpasswd|shadow|netrc|id_rsa|id_ed25519)$/i;
/** Names of fields whose members are named by whoever wrote the manifest. */
const NAMED: ReadonlySet<string> = new Set(['env', 'files', 'annotations', 'headers']);

const MASKS: readonly (readonly [RegExp, string])[] = [
  // user:password@ in a URL
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:)[^\s/@]+(?=@)/gi, '$1***'],
  // password=…, "token": …, in what is said to a program or written in a file
  [
    /((?:passw(?:or)?d|passphrase|secret|token|(?:api|access|private)[-_]?key|pwd)["']?\s*[:=]\s*["']?)[^\s"',;&]+/gi,
    '$1***',
  ],
  // RFC 9110 11.6.2: Authorization: Bearer …, also as a word of a command; up to the end of the line, whatever its scheme is
  [/(\b(?:proxy-)?authorization["']?[ \t]*[:=][ \t]*["']?)[^\r\n"']+/gi, '$1***'],
  [/(\b(?:bearer|basic)\s+)[a-z0-9+/_.~=-]{8,}/gi, '$1***'],
  // RFC 7519: a JSON web token, whatever it is called
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '***'],
  // RFC 7468
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '$1 ***'],
];
const SECRET_OPTION = /^--?[\w-]*(passw(or)?d|passphrase|secret|token|(api|access|private)-?key)[\w-]*$/i;
/** curl(1) and others: what follows is USER:PASSWORD. */
const USER_OPTION = /^(-u|-U|--user|--proxy-user)$/;

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
      const isSecret =
        isNamed && typeof item === 'string' && (SECRET_NAMES.some((name) => name.test(key)) || SECRET_FILE.test(key));
      return [key, isSecret ? hidden(item, there, side) : maskIn(item, there, side, NAMED.has(key))];
    }),
  );
}

/** The word after `--password` is one. */
function maskList(list: readonly unknown[], other: unknown, side: string): unknown[] {
  return list.map((item, index) => {
    const there = Array.isArray(other) ? (other[index] as unknown) : undefined;
    const before = list[index - 1];
    if (typeof item !== 'string' || typeof before !== 'string') return maskIn(item, there, side, false);
    if (SECRET_OPTION.test(before)) return hidden(item, there, side);
    return maskText(USER_OPTION.test(before) ? item.replace(/^([^:]+:).+$/s, '$1***') : item);
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
