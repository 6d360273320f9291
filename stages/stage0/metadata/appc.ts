// The words of the App Container specification, 0.8.11: https://github.com/appc/spec/tree/v0.8.11/spec

export const AC_VERSION = '0.8.11';

const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const IDENTIFIER = /^[a-z0-9]+([-._~/][a-z0-9]+)*$/;

/** Of apps, volumes, mount points and ports: spec/types.md, "AC Name Type". */
export function isAcName(text: string): boolean {
  return NAME.test(text);
}

/** Of images, labels, isolators and annotations: spec/types.md, "AC Identifier Type". */
export function isAcIdentifier(text: string): boolean {
  return IDENTIFIER.test(text);
}

/** The nearest thing to a file's or a repository's name that is an identifier. */
export function acIdentifierOf(text: string): string {
  const parts = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._~/-]+/g, '-')
    .split(/([._~/-])[._~/-]*/);
  const joined = parts.join('').replaceAll(/^[._~/-]+|[._~/-]+$/g, '');
  return joined === '' ? 'image' : joined;
}

export interface Annotation {
  readonly name: string;
  readonly value: string;
}

const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i;

/** Why appc has no such annotation; undefined when it has. */
export function annotationProblem(name: string, value: string): string | undefined {
  if (!isAcIdentifier(name)) return 'appc allows lower-case letters and digits, with single . _ - ~ / in between';
  if (name === 'created' && (!DATE.test(value) || Number.isNaN(Date.parse(value))))
    return 'appc requires an RFC 3339 date';
  if ((name === 'homepage' || name === 'documentation') && !isUrl(value)) return 'appc requires an http or https URL';
  return undefined;
}

function isUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** Those that appc has, in their order. */
export function annotationsOf(values: Readonly<Record<string, string>> = {}): Annotation[] {
  return Object.entries(values)
    .filter(([name, value]) => annotationProblem(name, value) === undefined)
    .map(([name, value]) => ({ name, value }));
}

/** `over` takes the place of what has its name; the rest comes behind. */
export function mergeAnnotations(base: readonly Annotation[], over: readonly Annotation[]): Annotation[] {
  const merged = [...base];
  for (const annotation of over) {
    const at = merged.findIndex(({ name }) => name === annotation.name);
    if (at < 0) merged.push(annotation);
    else merged[at] = annotation;
  }
  return merged;
}

/** A member only when the list has items: appc's lists are optional. */
export function listed<K extends string, T>(key: K, items: readonly T[]): Partial<Record<K, readonly T[]>> {
  return items.length === 0 ? {} : ({ [key]: items } as Record<K, readonly T[]>);
}
