import { isPlain, secrecyOf } from './secret-name.ts';
import { isHidden, OptionReader } from './secret-option.ts';
import { endOfValue, type ValuePlace } from './secret-value.ts';

export const HIDDEN = '***';

/** Patterns that are secret whatever the name is. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  // RFC 7468
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '$1 ***'],
  // RFC 9110 11.6.2: Authorization: Bearer …, also as a word of a command; up to the end of the line, whatever its scheme is
  [/(\b(?:proxy-)?authorization["']?[ \t]*[:=][ \t]*["']?)[^\r\n"']+/gi, '$1***'],
  [/(\b(?:bearer|basic)\s+)[a-z0-9+/_.~=-]{8,}/gi, '$1***'],
  // RFC 7519: a JSON web token
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, HIDDEN],
  // crypt(5)
  [/\$(?:2[abxy]|[1567y]|gy|argon2\w+|scrypt)\$[^\s"':,]+/g, HIDDEN],
  // Tokens of services start with known prefixes, by which leaked tokens are found.
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|[sr]k[-_]|hf_|npm_|dckr_pat_|AGE-SECRET-KEY-1)[\w-]{10,}/g, HIDDEN],
  // The driver of MySQL for Go: user:password@tcp(host)/database
  [/([\w.-]+:)[^\s"']+(?=@(?:tcp|udp|unix)\()/g, '$1***'],
];
/** Up to the last @ of the word, because a password may contain others. */
const URL = /\b([a-z][a-z0-9+.-]*):\/\/([^\s"'`<>]*)@/gi;

/** A Kubernetes Secret, whatever its members are called. */
const SECRET_OBJECT = /^[ \t]*["']?kind["']?[ \t]*:[ \t]*["']?Secret\b/m;

/** A text with its secrets masked. In a file, each line is a setting; any other text may be a command. */
export function maskText(text: string, isFile: boolean): string {
  if (isFile && SECRET_OBJECT.test(text)) return HIDDEN;
  const shaped = SHAPES.reduce((masked, [pattern, replacement]) => masked.replaceAll(pattern, replacement), text);
  const inUrls = shaped.replaceAll(URL, (whole, scheme: string, info: string) => maskUser(whole, scheme, info));
  const named = maskValues(maskElements(inUrls), NAMED_VALUE, isFile);
  const paired = maskValues(maskValues(maskOptions(named), BEFORE_QUOTE, isFile), PAIR, isFile);
  return isFile ? maskSettings(paired) : paired;
}

function maskUser(whole: string, scheme: string, info: string): string {
  const authority = info.split(/[/?#]/, 1)[0]!;
  // If a path precedes the @, there is no user, unless the part before the path cannot be a host with a port.
  if (authority !== info && !authority.includes('@') && /^(\[[^\]]*\]|[^:]*)(:\d*)?$/.test(authority)) return whole;
  // Over HTTP, the user is often the token.
  if (/^(git\+)?https?$/i.test(scheme)) return `${scheme}://${HIDDEN}@`;
  const colon = info.indexOf(':');
  if (colon !== -1) return `${scheme}://${info.slice(0, colon)}:${HIDDEN}@`;
  return info.length >= 20 && /\d/.test(info) ? `${scheme}://${HIDDEN}@` : whole;
}

/** XML elements: by their name, or by the name in an attribute. */
function maskElements(text: string): string {
  const opening = /<([\w:.-]+)((?:\s[^<>]*)?)>/g;
  let [masked, done] = ['', 0];
  for (let tag = opening.exec(text); tag; tag = opening.exec(text)) {
    const [, name, attributes] = tag as unknown as [string, string, string];
    const names = [
      name.slice(name.indexOf(':') + 1),
      ...[...attributes.matchAll(/=\s*["']([\w.-]+)["']/g)].map((one) => one[1]!),
    ];
    if (attributes.endsWith('/') || !names.some((one) => secrecyOf(one) !== undefined)) continue;
    const from = opening.lastIndex;
    const close = text.indexOf(`</${name}`, from);
    opening.lastIndex = close === -1 ? text.length : close;
    masked += `${text.slice(done, from)}${HIDDEN}`;
    done = opening.lastIndex;
  }
  return masked + text.slice(done);
}

/** nginx: targets of requests. */
const PASSED_ON = /^(proxy|fastcgi|uwsgi|scgi|grpc|memcached)_pass$/;

/** redis.conf(5), netrc(5) and others: a name, a blank and the value. */
function maskSettings(text: string): string {
  return text
    .replaceAll(
      /^([ \t]*([A-Za-z][\w.-]*)[ \t]+)([^\s=:].*)$/gm,
      (line, before: string, name: string, value: string) => {
        const secrecy = secrecyOf(name);
        const isShown = secrecy === undefined || PASSED_ON.test(name) || (secrecy === 'likely' && isPlain(value));
        return isShown ? line : before + HIDDEN;
      },
    )
    .replaceAll(/(\b(?:passw(?:or)?d|passphrase|secret|token)[ \t]+)[^\s=:]\S*/gi, `$1${HIDDEN}`);
}

/** Masks the words of a command given as one text. */
function maskOptions(text: string): string {
  const reader = new OptionReader();
  let [masked, done] = ['', 0];
  for (const { 0: found, index } of text.matchAll(/\S+/g)) {
    if (index < done) continue;
    const word = found.replace(/^[("'`$]+/, '');
    const start = index + found.length - word.length;
    const hidden = reader.read(word);
    if (!hidden) continue;
    const blank = /[ \t]+/y;
    blank.lastIndex = index + found.length;
    const next = blank.test(text) ? blank.lastIndex : text.length;
    const from = hidden.what === 'rest' ? start + hidden.from : next;
    const end = endOfValue(text, from, OPTION);
    const value = text.slice(from, end);
    const shown =
      hidden.what === 'login' ? maskLogin(value) : hidden.what === 'rest' || isHidden(word, value) ? HIDDEN : value;
    masked += text.slice(done, from) + (value === '' ? '' : shown);
    done = end;
  }
  return masked + text.slice(done);
}

/** USER:PASSWORD with the password masked. */
export function maskLogin(value: string): string {
  return value.replace(/^([^:]+:).+$/s, `$1${HIDDEN}`);
}

const OPTION: ValuePlace = {
  column: 0,
  isOwnLine: false,
  separator: '=',
  isQuotedName: false,
  outerQuote: '',
  isOption: true,
};

/** `name=value`, `"name": value`, `name: value`. Text after a slash that contains a colon is a path or an image. */
const PAIR =
  /(?<open>\\*["'`]?)(?<![\w])(?<name>[A-Za-z_][\w.-]*)(?<close>\\*["'`]?)(?<separator>\]?[ \t]*(?:=>|[:+?]?=|:(?!\/\/))[ \t]*)/g;
/** `{"name": "PASSWORD", "value": …}`, also on separate lines. */
const NAMED_VALUE =
  /(?<open>)\b(?:name|key|id)["']?\s*[:=]\s*["']?(?<name>[\w.-]+)["']?[\s,]+(?<close>["']?)(?:value|default)["']?(?<separator>\s*[:=]\s*)/gi;
/** `IDENTIFIED BY '…'`, `password "…"`, `define('PASSWORD', '…')`. */
const BEFORE_QUOTE =
  /(?<open>)(?:\bidentified\s+(?:with\s+\S+\s+)?by|\b(?<name>[A-Za-z_][\w.-]*)|\(\s*["'](?<argument>[\w.-]+)["']\s*,)(?<close>)(?<separator>\s+)(?=\\*["'])/gi;

function maskValues(text: string, pattern: RegExp, isFile: boolean): string {
  const finder = new RegExp(pattern);
  const hasLines = isFile || text.trimEnd().includes('\n');
  let [masked, done] = ['', 0];
  for (let found = finder.exec(text); found; found = finder.exec(text)) {
    const groups = found.groups as Readonly<
      Record<'open' | 'close' | 'separator', string> & { name?: string; argument?: string }
    >;
    const name = groups.name ?? groups.argument;
    const secrecy = name === undefined ? 'sure' : secrecyOf(name);
    if (secrecy === undefined || (pattern === BEFORE_QUOTE && secrecy !== 'sure')) continue;
    const start = found.index + groups.open.length;
    if (text[start - 1] === '/' && groups.separator === ':') continue;
    const isQuotedName = groups.close !== '';
    const from = isQuotedName ? skipBlanks(text, finder.lastIndex) : finder.lastIndex;
    const end = endOfValue(text, from, placeOf(text, start, groups, hasLines));
    const value = text.slice(from, end);
    if (value.trim() === '' || (secrecy === 'likely' && isPlain(value.trim().replace(/^["']|["']$/g, '')))) continue;
    masked += text.slice(done, from) + quoted(value);
    done = finder.lastIndex = end;
  }
  return masked + text.slice(done);
}

function placeOf(
  text: string,
  start: number,
  { open, close, separator }: Readonly<Record<'open' | 'close' | 'separator', string>>,
  hasLines: boolean,
): ValuePlace {
  const before = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  return {
    column: before.length,
    isOwnLine:
      hasLines &&
      /^\s*(?:[-#;*]\s+|\/\/\s*|(?:export|set|local|readonly|const|let|var|ENV|ARG)\s+)*["'`$@]*$/.test(before),
    separator,
    isQuotedName: close !== '',
    outerQuote: close === '' ? open : '',
    isOption: /(?:^|[\s"'`(])--?D?$/.test(before) && separator === '=',
  };
}

function skipBlanks(text: string, from: number): number {
  return from + /^\s*/.exec(text.slice(from))![0].length;
}

/** Keeps JSON valid. */
function quoted(value: string): string {
  const quote = /^\\*["'`]/.exec(value)?.[0] ?? '';
  return `${quote}${HIDDEN}${quote}`;
}
