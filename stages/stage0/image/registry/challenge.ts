/** What a registry asks for: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */
export type Challenge =
  | { readonly scheme: 'basic' }
  | { readonly scheme: 'bearer'; readonly realm: string; readonly service?: string };

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PARAMETER = new RegExp(`^(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))`);
const SCHEME = new RegExp(`^(${TOKEN})(?=[\\s,]|$)`);
/** The header comes from anybody. */
const MOST_CHARACTERS = 8192;

/**
 * The challenge in the header that can be answered: bearer tokens before passwords, as registries that offer both prefer it.
 * Undefined when there is none, or when the header is malformed.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MOST_CHARACTERS) return undefined;
  const all = splitChallenges(header);
  const realm = all.get('bearer')?.get('realm');
  if (realm !== undefined) {
    const service = all.get('bearer')!.get('service');
    return { scheme: 'bearer', realm, ...(service === undefined ? {} : { service }) };
  }
  return all.has('basic') ? { scheme: 'basic' } : undefined;
}

/** Parameters by name, by scheme; both in lower case. */
function splitChallenges(header: string): Map<string, Map<string, string>> {
  const all = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (let rest = header.trim(); rest !== ''; rest = rest.replace(/^[\s,]+/, '')) {
    const parameter = PARAMETER.exec(rest);
    if (parameter && current) {
      const [whole, name, quoted, plain] = parameter;
      current.set(name!.toLowerCase(), plain ?? quoted!.replace(/\\(.)/g, '$1'));
      rest = rest.slice(whole.length);
      continue;
    }
    const scheme = SCHEME.exec(rest);
    if (!scheme) return all;
    current = new Map();
    all.set(scheme[1]!.toLowerCase(), current);
    rest = rest.slice(scheme[1]!.length);
  }
  return all;
}
