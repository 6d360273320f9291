import { branchesOf, resolverOf, typeName } from './field-type.ts';
import type { SchemaNode } from './validator.ts';

/** One field of a manifest, as the schema documents it. */
export interface FieldDoc {
  /** Its own: `policy`; empty for the pod itself. */
  readonly name: string;
  /** `apps.restart.policy`. */
  readonly path: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly default?: unknown;
  readonly description: string;
  readonly examples: readonly unknown[];
}

export interface FieldPage extends FieldDoc {
  /** Of the object, or of an item of the list, that it holds. */
  readonly fields: readonly FieldDoc[];
}

const MAX_WORDS = 12;
/** Where isolators are. */
const PLACES = [['apps', 'isolators'], ['isolators']];

/** The documentation of pod/v1, by the path of a field. */
export class FieldDocs {
  readonly #pod: SchemaNode;
  readonly #resolve: (schema: SchemaNode) => SchemaNode;

  /** `documents`: the schema of pods and that of isolators, with their descriptions. */
  constructor(documents: readonly [pod: SchemaNode, isolators: SchemaNode]) {
    [this.#pod] = documents;
    this.#resolve = resolverOf(documents);
  }

  /** Undefined when there is no such field. Lists are stepped into: `apps.name`. None: the pod itself. */
  page(path: readonly string[]): FieldPage | undefined {
    let forms: SchemaNode[] = [this.#pod];
    let isRequired = false;
    for (const name of path) {
      const next = this.#step(forms, name);
      if (next.length === 0) return undefined;
      isRequired = this.#requires(forms, name);
      forms = next;
    }
    return { ...this.#doc(path, forms, isRequired, Infinity), fields: this.#fieldsOf(path, forms) };
  }

  /** What the fields of the one at `path` are called. */
  names(path: readonly string[]): string[] {
    return this.page(path)?.fields.map(({ name }) => name) ?? [];
  }

  /** The path of an isolator, or of a field of one, that is given without its place: of apps, or else of the pod. */
  isolatorPath(path: readonly string[]): string[] | undefined {
    const place = PLACES.find((one) => path[0] !== undefined && this.names(one).includes(path[0]));
    return place && [...place, ...path];
  }

  /** Every isolator there is. */
  isolators(): string[] {
    return [...new Set(PLACES.flatMap((place) => this.names(place)))];
  }

  #step(forms: readonly SchemaNode[], name: string): SchemaNode[] {
    const found = this.#propertiesOf(forms).flatMap(([one, schema]) => (one === name ? [schema] : []));
    if (found.length > 0) return found;
    const maps = this.#expand(forms).map((schema) => schema['additionalProperties']);
    return maps.filter((one): one is SchemaNode => one !== null && typeof one === 'object');
  }

  /** In whatever form the object has. */
  #requires(forms: readonly SchemaNode[], name: string): boolean {
    const requires = (form: SchemaNode): boolean => {
      const schema = this.#resolve(form);
      const branches = branchesOf(schema);
      const { required } = schema;
      return (Array.isArray(required) && required.includes(name)) || (branches.length > 0 && branches.every(requires));
    };
    return this.#objects(forms).some(requires);
  }

  #fieldsOf(path: readonly string[], forms: readonly SchemaNode[]): FieldDoc[] {
    const byName = new Map<string, SchemaNode[]>();
    for (const [name, schema] of this.#propertiesOf(forms)) byName.set(name, [...(byName.get(name) ?? []), schema]);
    return [...byName].map(([name, schemas]) => this.#doc([...path, name], schemas, this.#requires(forms, name)));
  }

  #doc(path: readonly string[], schemas: readonly SchemaNode[], isRequired: boolean, maxWords = MAX_WORDS): FieldDoc {
    const forms = schemas.map((schema) => this.#resolve(schema));
    const first = (key: string): unknown => forms.find((form) => form[key] !== undefined)?.[key];
    const style = { resolve: this.#resolve, word: (text: string) => text, maxWords, many: 'a word' };
    const types = forms.map((form) => typeName(form, style)).filter((name) => name !== '');
    const fallback = first('default');
    return {
      name: path.at(-1) ?? '',
      path: path.join('.'),
      type: [...new Set(types)].join(' or '),
      isRequired,
      ...(fallback === undefined ? {} : { default: fallback }),
      description: (first('description') as string | undefined) ?? '',
      examples: (first('examples') as unknown[] | undefined) ?? [],
    };
  }

  /** Of objects, or else of the items of lists. */
  #propertiesOf(forms: readonly SchemaNode[]): [name: string, schema: SchemaNode][] {
    return this.#expand(this.#objects(forms)).flatMap((schema) =>
      Object.entries((schema['properties'] as Readonly<Record<string, SchemaNode>> | undefined) ?? {}),
    );
  }

  #objects(forms: readonly SchemaNode[]): readonly SchemaNode[] {
    const all = this.#expand(forms);
    if (all.some((schema) => schema['properties'] || typeof schema['additionalProperties'] === 'object')) return forms;
    return all.flatMap(({ items }) => (items === undefined ? [] : [items as SchemaNode]));
  }

  /** With what they refer to, and their branches. */
  #expand(forms: readonly SchemaNode[]): SchemaNode[] {
    return forms.flatMap((form) => {
      const schema = this.#resolve(form);
      return [schema, ...this.#expand(branchesOf(schema))];
    });
  }
}
