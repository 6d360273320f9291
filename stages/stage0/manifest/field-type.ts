// What belongs into a field, in a few words: for the generated reference and for `pod explain`.

import type { SchemaNode } from './validator.ts';

export interface TypeStyle {
  /** What a reference stands for, with what is beside it. */
  readonly resolve: (schema: SchemaNode) => SchemaNode;
  /** How a word that is written as it is shows. */
  readonly word: (text: string) => string;
  /** So many words are shown; in the place of more stands `many`. */
  readonly maxWords: number;
  readonly many: string;
}

/** What a schema means that refers to a definition of the documents: what stands beside the reference is about this use of it. */
export function resolverOf(documents: readonly SchemaNode[]): (schema: SchemaNode) => SchemaNode {
  return (schema) => {
    if (typeof schema['$ref'] !== 'string') return schema;
    const name = schema['$ref'].split('#/$defs/')[1]!.replaceAll('~1', '/');
    const definitions = documents.map((document) => document['$defs'] as Readonly<Record<string, SchemaNode>>);
    return { ...definitions.find((one) => name in one)?.[name], ...schema };
  };
}

/** `text`, `list of object`, `host or pod`; empty when the schema says nothing of it. */
export function typeName(schema: SchemaNode, style: TypeStyle): string {
  const { resolve, word, maxWords, many } = style;
  const words = schema['enum'] as readonly unknown[] | undefined;
  if (schema['const'] !== undefined) return word(JSON.stringify(schema['const']).replace(/^"|"$/g, ''));
  if (words) return words.length > maxWords ? many : words.map((one) => word(String(one))).join(', ');
  const { type, items } = schema;
  if (typeof schema['x-expects'] === 'string' && type) return schema['x-expects'].split(/: |, as in/)[0]!;
  if (type === 'array') return listName(typeName(resolve((items ?? {}) as SchemaNode), style));
  if (type) return ([type].flat() as string[]).join(' or ');
  const names = branchesOf(schema)
    .map((form) => typeName(resolve(form), style))
    .filter((name) => name !== '');
  if (names.length > 0) return [...new Set(names)].join(' or ');
  return schema['properties'] ? 'object' : items ? 'list' : '';
}

/** The forms a value may have. */
export function branchesOf(schema: SchemaNode): SchemaNode[] {
  const lists = [schema['anyOf'], schema['oneOf']] as (readonly SchemaNode[] | undefined)[];
  const forms = [schema['then'], schema['else'], ...lists.flatMap((list) => list ?? [])];
  return forms.filter(Boolean) as SchemaNode[];
}

function listName(item: string): string {
  return /^(an?|the) /.test(item) ? `list, each ${item}` : `list of ${item}`;
}
