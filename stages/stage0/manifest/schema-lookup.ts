import { segments } from './pointer.ts';
import { podSchemas, type SchemaNode } from './validator.ts';

/** The schemas that speak about one place of a manifest: several where the schema has branches. */
export class SchemaLookup {
  readonly #root: unknown;

  /** `root` is the manifest's value; it decides which branches apply. */
  constructor(root: unknown) {
    this.#root = root;
  }

  at(pointer: string): SchemaNode[] {
    let value = this.#root;
    let found = expand(podSchemas()[0]!, value);
    for (const segment of segments(pointer)) {
      value = memberOf(value, segment);
      found = found.flatMap((schema) => stepInto(schema, segment)).flatMap((schema) => expand(schema, value));
    }
    return found;
  }

  /** What the fields of the object there may be called. */
  fieldsAt(pointer: string): string[] {
    const names = this.at(pointer).flatMap((schema) => Object.keys((schema['properties'] as object | undefined) ?? {}));
    return [...new Set(names)];
  }

  /** The values that tell the branches of the choice there apart. */
  tagsAt(pointer: string): string[] {
    const choice = this.at(pointer).find((schema) => schema['discriminator'] !== undefined);
    const tag = (choice?.['discriminator'] as { propertyName: string } | undefined)?.propertyName ?? '';
    const branches = (choice?.['oneOf'] as SchemaNode[] | undefined) ?? [];
    return branches
      .flatMap((branch) => expand(branch, undefined))
      .flatMap((schema) => memberOf(memberOf(schema['properties'], tag), 'const') ?? [])
      .map(String);
  }

  /** The annotation `keyword` of the first schema there that has it. */
  annotationAt(pointer: string, keyword: string): unknown {
    return this.at(pointer).find((schema) => schema[keyword] !== undefined)?.[keyword];
  }
}

/** What `isolators` of an app, or of the pod, accepts. */
export function isolatorNames(scope: 'app' | 'pod'): string[] {
  const names = segments(`/1/$defs/${scope}Isolators/else/properties`).reduce(memberOf, podSchemas() as unknown);
  return Object.keys((names as object | undefined) ?? {});
}

function stepInto(schema: SchemaNode, segment: string): SchemaNode[] {
  const properties = schema['properties'] as Record<string, SchemaNode> | undefined;
  if (properties && Object.hasOwn(properties, segment)) return [properties[segment]!];
  const next = /^[0-9]+$/.test(segment) && schema['items'] ? schema['items'] : schema['additionalProperties'];
  return next !== null && typeof next === 'object' ? [next as SchemaNode] : [];
}

/** The schema, what it refers to, and those of its branches that may apply to the value. */
function expand(schema: SchemaNode, value: unknown): SchemaNode[] {
  const found = [schema];
  if (typeof schema['$ref'] === 'string') found.push(...expand(resolve(schema['$ref']), value));
  const branches = [schema['oneOf'], schema['anyOf'], schema['allOf']].flatMap((list) => (list as SchemaNode[]) ?? []);
  const tag = (schema['discriminator'] as { propertyName: string } | undefined)?.propertyName;
  for (const branch of branches) {
    const expanded = expand(branch, value);
    if (tag === undefined || expanded.some((item) => isTagged(item, tag, value))) found.push(...expanded);
  }
  const condition = schema['if'] as { type?: string } | undefined;
  const chosen = condition && schema[matchesType(value, condition.type) ? 'then' : 'else'];
  if (chosen) found.push(...expand(chosen as SchemaNode, value));
  return found;
}

/** References are local, or into the isolators' schema; no name is defined in both. */
function resolve(ref: string): SchemaNode {
  const keys = segments(ref.slice(ref.indexOf('#') + 1));
  for (const document of podSchemas()) {
    let node: unknown = document;
    for (const key of keys) node = memberOf(node, key);
    if (node !== undefined) return node as SchemaNode;
  }
  throw new Error(`the schema refers to "${ref}", which is not there`);
}

function isTagged(schema: SchemaNode, tag: string, value: unknown): boolean {
  const property = (schema['properties'] as Record<string, SchemaNode> | undefined)?.[tag];
  return property !== undefined && property['const'] === memberOf(value, tag);
}

function matchesType(value: unknown, type: string | undefined): boolean {
  if (type === 'array') return Array.isArray(value);
  return type === 'object'
    ? value !== null && typeof value === 'object' && !Array.isArray(value)
    : typeof value === type;
}

export function memberOf(value: unknown, key: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string, unknown>)[key];
}
