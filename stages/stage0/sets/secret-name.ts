/**
 * How sure it is that what has such a name is secret. `likely`: many a key is one, and many a key is the name of something, so a
 * value that is plainly no secret is shown.
 */
export type Secrecy = 'sure' | 'likely';

/** Parts of words: names are written together, too. */
const SURE =
  /passw|passphrase|passcode|secret|token|credential|cookie|(api|access|private|shared|encryption|signing)[-_.]?keys?(?![a-z])/;
const SURE_WORDS =
  /(?<!com|by|sur|tres)pass(?![a-z])|(?<![a-z])(pwd?|psk|jwt|dsn|pat|creds?|t?otp|salt|sig|signature|bearer)(?![a-z])/;
const LIKELY = /(?<![a-z])keys?(?![a-z])(?![-_.](id|name)(?![a-z]))|auth(?!or(?!iz))/;
const PUBLIC = /public[-_.]?keys?(?![a-z])/g;
/** What is said about a secret: where it is, who asks for it. */
const ABOUT = /[-_](file|path|dir|port|host|hostname|timeout|ttl|enabled|type|size|algorithm|alg|stdin)$/;
/** `max_tokens` and `no-password` hold none. */
const COUNTED = /^(no|max|min|num|disable)[-_]/;

/** What a field, a variable, a header or an option of that name holds; undefined: nothing secret. */
export function secrecyOf(name: string): Secrecy | undefined {
  const words = wordsOf(name);
  return ABOUT.test(words) || COUNTED.test(words) ? undefined : judge(words);
}

function judge(words: string): Secrecy | undefined {
  const rest = words.replaceAll(PUBLIC, '');
  if (SURE.test(rest) || SURE_WORDS.test(rest)) return 'sure';
  return LIKELY.test(rest) ? 'likely' : undefined;
}

/** `dbPw` is written as `db_pw`. */
function wordsOf(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

const ENDINGS = 'key|pem|p12|pfx|jks|keytab|kdbx|gpg|kubeconfig|dockercfg|dockerconfigjson';
const NAMES = 'env|htpasswd|shadow|netrc|pgpass|my\\.cnf|npmrc|pypirc|kubeconfig|id_(rsa|dsa|ecdsa|ed25519)';
const SECRET_FILE = new RegExp(`\\.(${ENDINGS})$|(^|[./_-])(${NAMES})$|(^|/)\\.env\\.`, 'i');

/** A file that is one secret, or little else. */
export function isSecretFile(name: string): boolean {
  return SECRET_FILE.test(name) || judge(wordsOf(name)) !== undefined;
}

/** What something that is only likely to be secret may hold for all to see: a switch, a small number, where a file is. */
const PLAIN =
  /^(true|false|yes|no|on|off|none|null|basic|digest|optional|required|\d{1,5}|(\.{0,2}|~)\/[\w./@-]*|[\w./-]+\.(pem|key|crt|pub|json|ya?ml|txt|conf));?$/i;

export function isPlain(value: string): boolean {
  return PLAIN.test(value);
}
