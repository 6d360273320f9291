/**
 * How certainly a value with such a name is secret. `likely`: a "key" may be a secret or a mere identifier, so a value that is
 * clearly not secret is shown.
 */
export type Secrecy = 'sure' | 'likely';

/** Parts of words, because names are also written as one word. */
const SURE =
  /passw|passphrase|passcode|secret|token|credential|cookie|(api|access|private|shared|encryption|signing)[-_.]?keys?(?![a-z])/;
const SURE_WORDS =
  /(?<!com|by|sur|tres)pass(?![a-z])|(?<![a-z])(pwd?|psk|jwt|dsn|pat|creds?|t?otp|salt|sig|signature|bearer)(?![a-z])/;
const LIKELY = /(?<![a-z])keys?(?![a-z])(?![-_.](id|name)(?![a-z]))|auth(?!or(?!iz))/;
const PUBLIC = /public[-_.]?keys?(?![a-z])/g;
/** Facts about a secret, such as where it is or who asks for it. */
const ABOUT = /[-_](file|path|dir|port|host|hostname|timeout|ttl|enabled|type|size|algorithm|alg|stdin)$/;
/** Names such as `max_tokens` and `no-password` hold no secret. */
const COUNTED = /^(no|max|min|num|disable)[-_]/;

/** How secret the value of a field, variable, header or option of that name is; undefined: not secret. */
export function secrecyOf(name: string): Secrecy | undefined {
  const words = wordsOf(name);
  return ABOUT.test(words) || COUNTED.test(words) ? undefined : judge(words);
}

function judge(words: string): Secrecy | undefined {
  const rest = words.replaceAll(PUBLIC, '');
  if (SURE.test(rest) || SURE_WORDS.test(rest)) return 'sure';
  return LIKELY.test(rest) ? 'likely' : undefined;
}

/** Splits words, so that `dbPw` is treated as `db_pw`. */
function wordsOf(name: string): string {
  return name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();
}

const ENDINGS = 'key|pem|p12|pfx|jks|keytab|kdbx|gpg|kubeconfig|dockercfg|dockerconfigjson';
const NAMES = 'env|htpasswd|shadow|netrc|pgpass|my\\.cnf|npmrc|pypirc|kubeconfig|id_(rsa|dsa|ecdsa|ed25519)';
const SECRET_FILE = new RegExp(`\\.(${ENDINGS})$|(^|[./_-])(${NAMES})$|(^|/)\\.env\\.`, 'i');

/** Whether a file consists of a secret, or of little else. */
export function isSecretFile(name: string): boolean {
  return SECRET_FILE.test(name) || judge(wordsOf(name)) !== undefined;
}

/** Values that are shown although their name is only likely to be secret: a switch, a small number, a path. */
const PLAIN =
  /^(true|false|yes|no|on|off|none|null|basic|digest|optional|required|\d{1,5}|(\.{0,2}|~)\/[\w./@-]*|[\w./-]+\.(pem|key|crt|pub|json|ya?ml|txt|conf));?$/i;

export function isPlain(value: string): boolean {
  return PLAIN.test(value);
}
