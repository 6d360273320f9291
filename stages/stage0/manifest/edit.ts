// Values of isolators, put into a manifest that was read before; the rest of it stays as somebody wrote it, comments and all.

import { type Document, isAlias, isMap, isSeq, parseDocument, Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { mapAll, PodError } from '../error.ts';
import { EXPLICIT_TAGS } from './yaml-scalars.ts';

export interface IsolatorEdit {
  /** Undefined: the pod as a whole. */
  readonly app: string | undefined;
  readonly isolator: string;
  /** Members of its value to go down by; none is the value itself. */
  readonly path: readonly string[];
  /** Undefined takes it away, and the isolator too when nothing is left of it. */
  readonly value: unknown;
}

/**
 * The text with its isolators changed. What stands behind an alias is written out at the place that is edited; what comes in by
 * a merge key is not seen, so that the caller has to read the result and compare. Throws `PodErrors` with every path that leads
 * below a value that has no members.
 */
export function editIsolators(text: string, edits: readonly IsolatorEdit[]): string {
  if (/^\s*\{/.test(text)) {
    const json = parseJson(text);
    if (json) return editJson(json, text, edits);
  }
  const document = parseDocument(text, { schema: 'failsafe', customTags: EXPLICIT_TAGS, uniqueKeys: false });
  mapAll(edits, (edit) => editYaml(document, edit));
  // No line is folded that was not.
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function parseJson(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch (error) {
    // YAML may begin with a brace, too.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Holder = Record<string, unknown> | unknown[];

/** Both forms of isolators, in JSON and in YAML: how to look into a collection. */
interface Collections<Node> {
  readonly get: (node: Node, key: string | number) => Node | undefined;
  readonly set: (node: Node, key: string | number, value: unknown) => void;
  readonly remove: (node: Node, key: string | number) => void;
  readonly length: (node: Node) => number;
  readonly isList: (node: Node) => boolean;
  readonly isMap: (node: Node) => boolean;
  readonly text: (node: Node | undefined) => unknown;
}

function editJson(json: Holder, text: string, edits: readonly IsolatorEdit[]): string {
  mapAll(edits, (edit) => apply(JSON_COLLECTIONS, json, edit));
  const indent = text.includes('\n') ? 2 : undefined;
  return `${JSON.stringify(json, undefined, indent)}${text.endsWith('\n') ? '\n' : ''}`;
}

const JSON_COLLECTIONS: Collections<unknown> = {
  // Its own alone: what is called `__proto__` is somebody's text, too, and no way to what all objects share.
  get: (node, key) =>
    Object.hasOwn(node as object, key) ? (node as Record<string | number, unknown>)[key] : undefined,
  set: (node, key, value) =>
    void Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true }),
  remove: (node, key) => {
    if (Array.isArray(node)) node.splice(Number(key), 1);
    else delete (node as Record<string | number, unknown>)[key];
  },
  length: (node) => (Array.isArray(node) ? node.length : Object.keys(node as object).length),
  isList: Array.isArray,
  isMap: (node) => typeof node === 'object' && node !== null && !Array.isArray(node),
  text: (node) => node,
};

function editYaml(document: Document, edit: IsolatorEdit): void {
  const get = (node: unknown, key: string | number): unknown => {
    const collection = node as YAMLMap | YAMLSeq;
    const value: unknown = collection.get(key, true);
    if (!isAlias(value)) return value;
    const own = value.resolve(document)?.clone() as Scalar | undefined;
    delete own?.anchor;
    collection.set(key, own);
    return own;
  };
  const collections: Collections<unknown> = {
    get,
    set: (node, key, value) => (node as YAMLMap).set(key, document.createNode(scalarsIn(value))),
    remove: (node, key) => void (node as YAMLMap).delete(key),
    length: (node) => (isMap(node) || isSeq(node) ? node.items.length : 1),
    isList: isSeq,
    isMap,
    text: (node) => (node instanceof Scalar ? node.value : undefined),
  };
  apply(collections, document.contents, edit);
}

function apply<Node>(of: Collections<Node>, root: Node, edit: IsolatorEdit): void {
  const owner = edit.app === undefined ? root : findApp(of, root, edit.app);
  if (of.get(owner, 'isolators') === undefined) of.set(owner, 'isolators', {});
  const isolators = of.get(owner, 'isolators')!;
  const [holder, key] = placeOf(of, isolators, edit);
  const isWhole = edit.path.length === 0;
  if (isWhole && edit.value === undefined) return removeFrom(of, isolators, edit);
  if (isWhole) return of.set(holder, key, edit.value);
  if (of.get(holder, key) === undefined) of.set(holder, key, {});
  const value = of.get(holder, key)!;
  setDeep(of, value, edit, 0);
  if (edit.value === undefined && of.length(value) === 0) removeFrom(of, isolators, edit);
}

function findApp<Node>(of: Collections<Node>, root: Node, name: string): Node {
  const apps = of.get(root, 'apps')!;
  for (let index = 0; index < of.length(apps); index++) {
    const app = of.get(apps, index)!;
    if (of.text(of.get(app, 'name')) === name) return app;
  }
  throw new Error(`the manifest has no app "${name}"`);
}

/** Where the isolator's value is or comes to be: a map's member, or `value` of an item of appc's list. */
function placeOf<Node>(of: Collections<Node>, isolators: Node, { isolator }: IsolatorEdit): [Node, string] {
  if (!of.isList(isolators)) return [isolators, isolator];
  const index = indexIn(of, isolators, isolator) ?? of.length(isolators);
  if (index === of.length(isolators)) of.set(isolators, index, { name: isolator });
  return [of.get(isolators, index)!, 'value'];
}

function indexIn<Node>(of: Collections<Node>, list: Node, isolator: string): number | undefined {
  for (let index = 0; index < of.length(list); index++) {
    if (of.text(of.get(of.get(list, index)!, 'name')) === isolator) return index;
  }
  return undefined;
}

function removeFrom<Node>(of: Collections<Node>, isolators: Node, { isolator }: IsolatorEdit): void {
  const key = of.isList(isolators) ? indexIn(of, isolators, isolator) : isolator;
  if (key !== undefined) of.remove(isolators, key);
}

/** Puts the edit's value below `value`, which is what the first `depth` members of its path lead to. */
function setDeep<Node>(of: Collections<Node>, value: Node, edit: IsolatorEdit, depth: number): void {
  const key = keyIn(of, value, edit, depth);
  if (depth + 1 < edit.path.length) {
    if (of.get(value, key) === undefined) of.set(value, key, {});
    return setDeep(of, of.get(value, key)!, edit, depth + 1);
  }
  if (edit.value === undefined) of.remove(value, key);
  else of.set(value, key, edit.value);
}

function keyIn<Node>(of: Collections<Node>, value: Node, edit: IsolatorEdit, depth: number): string | number {
  const name = edit.path[depth]!;
  if (of.isMap(value)) return name;
  const above = [edit.isolator, ...edit.path.slice(0, depth)].join('.');
  const whole = [edit.isolator, ...edit.path].join('.');
  const attempt = `set "${whole}" of ${edit.app === undefined ? 'the pod' : `app "${edit.app}"`}`;
  if (!of.isList(value)) {
    const found = JSON.stringify(of.text(value) ?? null);
    throw new PodError('manifest/schema', `${attempt}: "${above}" is ${found}, which has no member "${name}"`, {
      hint: `set "${above}" itself`,
    });
  }
  const length = of.length(value);
  if (/^(0|[1-9]\d*)$/.test(name) && Number(name) <= length) return Number(name);
  const hint = length > 0 ? `its items are 0 to ${length - 1}; ${length} adds one` : 'it is empty; 0 adds an item';
  throw new PodError('manifest/schema', `${attempt}: "${above}" is a list, which has no item "${name}"`, { hint });
}

/** Words that YAML readers take for something else, unless they are quoted. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off|y|n)$)(?:[0-9]+(?:\.[0-9]+)?[A-Za-z]+|[a-z][a-z-]*)$/;

/** The document knows text alone: what is a number or a word of YAML's is written plain, any other text in quotes. */
function scalarsIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scalarsIn);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, scalarsIn(member)]));
  }
  const scalar = new Scalar(String(value));
  scalar.type = typeof value !== 'string' || PLAIN.test(value) ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
  return scalar;
}
