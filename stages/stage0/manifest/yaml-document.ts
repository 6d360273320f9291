import { type Alias, isAlias, isMap, isScalar, isSeq, type ParsedNode, type YAMLMap } from 'yaml';
import { PodError, type Position } from '../error.ts';
import type { DocumentRead, ManifestDocument } from './document.ts';
import { segments } from './pointer.ts';
import { Source } from './source.ts';
import type { Field, FieldTable } from './yaml-fields.ts';
import { readAllYaml, readYaml, syntaxError } from './yaml-read.ts';
import { ValueReader } from './yaml-values.ts';

export class YamlDocument implements ManifestDocument {
  readonly value: unknown;
  readonly #source: Source;
  readonly #root: ParsedNode;
  readonly #fields: FieldTable;

  constructor(source: Source, root: ParsedNode, value: unknown, fields: FieldTable) {
    this.#source = source;
    this.#root = root;
    this.value = value;
    this.#fields = fields;
  }

  at(pointer: string): Position {
    return this.#source.position(this.#find(pointer).node.range[0]);
  }

  atKey(pointer: string): Position {
    const { node, key } = this.#find(pointer);
    return this.#source.position((key ?? node).range[0]);
  }

  has(pointer: string): boolean {
    return this.#find(pointer).found;
  }

  sourceOf(pointer: string): string | undefined {
    const { node, found } = this.#find(pointer);
    const scalar = isAlias(node) ? this.#fields.target(node as Alias.Parsed) : node;
    return found && isScalar(scalar) ? scalar.source : undefined;
  }

  #find(pointer: string): { node: ParsedNode; key?: ParsedNode; found: boolean } {
    let node = this.#root;
    let key: ParsedNode | undefined;
    for (const segment of segments(pointer)) {
      const field = this.#step(node, segment);
      if (!field) return { node, ...(key && { key }), found: false };
      key = field.key;
      node = field.value ?? field.key ?? node;
    }
    return { node, ...(key && { key }), found: true };
  }

  #step(parent: ParsedNode, segment: string): Partial<Field> | undefined {
    const node = isAlias(parent) ? this.#fields.target(parent as Alias.Parsed) : parent;
    if (isMap(node)) return this.#fields.of(node as YAMLMap.Parsed).get(segment);
    if (!isSeq(node)) return undefined;
    const item = node.items[Number(segment)] as ParsedNode | undefined;
    return item && { value: item };
  }
}

/** Reads the text's only document. A byte order mark at its start is not part of it. */
export function readDocument(text: string, file: string): DocumentRead {
  const source = newSource(text, file);
  const { root, errors, warnings } = readYaml(source);
  return root ? readRoot(source, root, warnings) : { errors, warnings };
}

/** Each may cost as much as a whole manifest. */
const MAX_DOCUMENTS = 100;

/** Reads every document of the text; one read a document, or a single one that has what is wrong with the text. */
export function readDocuments(text: string, file: string): DocumentRead[] {
  const source = newSource(text, file);
  const { roots, errors, warnings } = readAllYaml(source);
  const excess = roots[MAX_DOCUMENTS];
  if (excess) {
    const problem = `more than ${MAX_DOCUMENTS} YAML documents`;
    return [{ errors: [syntaxError(source, excess.range[0], problem)], warnings }];
  }
  if (roots.length === 0) return [{ errors, warnings }];
  return roots.map((root, index) => readRoot(source, root, index === 0 ? warnings : []));
}

function newSource(text: string, file: string): Source {
  return new Source(file, text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}

function readRoot(source: Source, root: ParsedNode, warnings: readonly PodError[]): DocumentRead {
  const reader = new ValueReader(source);
  try {
    const value = reader.read(root);
    const document = new YamlDocument(source, root, value, reader.fields);
    return { document, errors: reader.errors, warnings };
  } catch (error) {
    // A bound was passed: what was read so far is not worth judging.
    if (error instanceof PodError) return { errors: [...reader.errors, error], warnings };
    throw error;
  }
}
