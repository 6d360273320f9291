import type { ErrorCode } from '../error.ts';
import { otherNameHint } from './other-names.ts';
import { join, segments } from './pointer.ts';
import { isolatorNames, memberOf, type SchemaLookup } from './schema-lookup.ts';
import { PATTERN_MEANINGS } from './quantity.ts';
import { shorten, show } from './show.ts';
import { suggest, suggestionHint } from './suggest.ts';
import type { SchemaError } from './validator.ts';
import type { ManifestDocument } from './document.ts';

export interface Explanation {
  readonly code?: ErrorCode;
  readonly problem: string;
  readonly hint?: string | undefined;
  /** The error is about the field of that name, not about the object around it. */
  readonly field?: string;
  /** It is the field's value, not its name, that is wrong. */
  readonly isValue?: boolean;
}

interface Case {
  readonly document: ManifestDocument;
  readonly lookup: SchemaLookup;
  readonly error: SchemaError;
  readonly params: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

/** What is wrong, what to do, and which field it is about. */
export function explain(document: ManifestDocument, lookup: SchemaLookup, error: SchemaError): Explanation {
  const value = valueAt(document.value, error.instancePath);
  const { params } = error;
  const subject: Case = { document, lookup, error, params, value };
  if (error.propertyName !== undefined) return explainName(subject, error.propertyName);
  return EXPLAINERS[error.keyword]?.(subject) ?? { problem: error.message ?? `breaks the rule "${error.keyword}"` };
}

type Explainer = (subject: Case) => Explanation;

const EXPLAINERS: Readonly<Record<string, Explainer>> = {
  additionalProperties: explainUnknown,
  required: explainMissing,
  dependentRequired: ({ params }) => ({
    problem: `"${String(params['property'])}" needs "${String(params['missingProperty'])}" beside it`,
    field: String(params['property']),
  }),
  type: explainType,
  enum: ({ params, value }) => explainChoice(value, params['allowedValues'] as unknown[]),
  const: ({ params, value }) => explainChoice(value, [params['allowedValue']]),
  discriminator: explainTag,
  pattern: explainPattern,
  minimum: ({ params, value }) => ({ problem: `${show(value)} is below ${String(params['limit'])}` }),
  maximum: ({ params, value }) => ({ problem: `${show(value)} is above ${String(params['limit'])}` }),
  minLength: () => ({ problem: 'the text is empty' }),
  maxLength: ({ params }) => ({ problem: `the text is longer than ${String(params['limit'])} characters` }),
  minItems: ({ params }) => ({ problem: `the list is too short: it needs ${count(params['limit'], 'item')}` }),
  maxItems: ({ params }) => ({ problem: `the list is too long: it may have ${count(params['limit'], 'item')}` }),
  minProperties: ({ params }) => ({ problem: `needs at least ${count(params['limit'], 'field')}` }),
  maxProperties: ({ params }) => ({ problem: `may have ${count(params['limit'], 'field')} at most` }),
  uniqueItems: ({ params, value }) => ({
    code: 'manifest/duplicate',
    problem: `${show((value as unknown[])[Number(params['i'])])} is there twice`,
  }),
};

function explainMissing({ params, lookup, error, value }: Case): Explanation {
  const field = String(params['missingProperty']);
  const problem = `"${field}" is missing`;
  const tag = (lookup.annotationAt(error.instancePath, 'discriminator') as { propertyName: string } | undefined)
    ?.propertyName;
  if (tag !== field) {
    const choices = lookup.annotationAt(join(error.instancePath, field), 'x-choices') as string[] | undefined;
    return { problem, hint: choices && `the choices are: ${choices.join(', ')}` };
  }
  // Without it no branch applies, and no other field is looked at.
  const others = Object.keys(value as object).map((key) => otherNameHint(key, error.instancePath));
  const known = others.find((hint) => hint !== undefined);
  return { problem, hint: known ?? `the choices are: ${lookup.tagsAt(error.instancePath).join(', ')}` };
}

function explainUnknown({ params, lookup, error }: Case): Explanation {
  const field = String(params['additionalProperty']);
  const noun = (lookup.annotationAt(error.instancePath, 'x-noun') as string | undefined) ?? 'field';
  const hint =
    (noun === 'isolator' ? otherScopeHint(field, error.instancePath) : otherNameHint(field, error.instancePath)) ??
    suggestionHint(field, lookup.fieldsAt(error.instancePath), `the ${noun}s here are`);
  return { code: 'manifest/unknown-field', problem: `unknown ${noun} "${shorten(field)}"`, hint, field };
}

/** Some isolators are of apps only, some of pods only. */
function otherScopeHint(name: string, pointer: string): string | undefined {
  const isOfApp = pointer.startsWith('/apps/');
  if (!isolatorNames(isOfApp ? 'pod' : 'app').includes(name)) return undefined;
  return isOfApp
    ? 'it is an isolator of the pod: move it to the top level'
    : 'it is an isolator of apps: move it there';
}

function explainTag({ params, lookup, error }: Case): Explanation {
  const tag = String(params['tag']);
  const noun = lookup.annotationAt(error.instancePath, 'x-noun') as string | undefined;
  const choices = lookup.tagsAt(error.instancePath);
  const value = params['tagValue'];
  const place = { field: tag, isValue: true };
  if (typeof value !== 'string') return { problem: `${tag} is ${show(value)}, but must be text`, ...place };
  const scopeHint = noun === 'isolator' ? otherScopeHint(value, error.instancePath) : undefined;
  const hint = scopeHint ?? suggestionHint(value, choices, 'the choices are');
  if (noun === undefined)
    return { problem: `${tag} ${show(value)} is not one of ${choices.join(', ')}`, hint, ...place };
  return { code: 'manifest/unknown-field', problem: `unknown ${noun} ${show(value)}`, hint, ...place };
}

function explainChoice(value: unknown, allowed: readonly unknown[]): Explanation {
  const choices = allowed.map(String);
  const list =
    choices.length <= 12
      ? `not ${choices.length === 1 ? '' : 'one of '}${choices.join(', ')}`
      : 'not a value this field accepts';
  const near = typeof value === 'string' ? suggest(value, choices) : undefined;
  return { problem: `${show(value)} is ${list}`, hint: near === undefined ? undefined : `did you mean "${near}"?` };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'a map of fields',
  array: 'a list',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
  null: 'nothing',
};

function explainType(subject: Case): Explanation {
  const { params, value, document, error, lookup } = subject;
  const types = [params['type']].flat().map(String);
  const names = types.map((type) => TYPE_NAMES[type] ?? type).join(' or ');
  const wanted = expectation(lookup, error.instancePath) ?? names;
  const written = document.sourceOf(error.instancePath);
  const isUnquoted =
    types.includes('string') && written !== undefined && (typeof value === 'number' || typeof value === 'boolean');
  if (isUnquoted) {
    const pattern = lookup.annotationAt(error.instancePath, 'pattern');
    if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(written))
      return { problem: `${written} is not ${wanted}` };
    return {
      problem: `${written} is ${TYPE_NAMES[typeof value]}, not ${names}`,
      hint: `put it in quotes: "${written}"`,
    };
  }
  if (value === null)
    return { problem: `is empty, but must be ${wanted}`, hint: 'give it a value, or leave the field out' };
  const shown = typeof value === 'object' ? (Array.isArray(value) ? 'a list' : 'a map of fields') : show(value);
  const problem = `${shown} is not ${wanted}`;
  if (types.includes('array') && typeof value === 'string')
    return { problem, hint: `write a list: [${shorten(value, 40)}]` };
  return { problem, hint: types.includes('object') ? mapHint(lookup, error.instancePath) : undefined };
}

/** What belongs into the map that something else stands for. */
function mapHint(lookup: SchemaLookup, pointer: string): string {
  const fields = lookup.fieldsAt(pointer);
  return fields.length === 0 ? 'write a map: {NAME: VALUE}' : `its fields are: ${fields.join(', ')}`;
}

function explainPattern({ params, value, lookup, error }: Case): Explanation {
  const expects = expectation(lookup, error.instancePath);
  const problem = `${show(value)} is not ${expects ?? `of the form ${String(params['pattern'])}`}`;
  return { problem, hint: patternHint(String(value), String(params['pattern']), error.instancePath, lookup) };
}

function patternHint(value: string, pattern: string, pointer: string, lookup: SchemaLookup): string | undefined {
  const choices = lookup.annotationAt(pointer, 'x-choices');
  const near = Array.isArray(choices) ? suggest(value, choices as string[]) : undefined;
  if (near !== undefined) return `did you mean "${near}"?`;
  // What most refused names differ in.
  const plain = value.toLowerCase().replaceAll(/[ _.]+/g, '-');
  if (pointer.endsWith('name') && new RegExp(pattern, 'u').test(plain)) return `write "${plain}"`;
  return lookup.annotationAt(pointer, 'x-hint') as string | undefined;
}

/** What belongs there, in words: the schema's own, or what the pattern is known to mean. */
function expectation(lookup: SchemaLookup, pointer: string): string | undefined {
  const expects = lookup.annotationAt(pointer, 'x-expects');
  return typeof expects === 'string' ? expects : PATTERN_MEANINGS.get(String(lookup.annotationAt(pointer, 'pattern')));
}

function explainName({ lookup, error, params }: Case, name: string): Explanation {
  const rule = lookup.annotationAt(error.instancePath, 'propertyNames') as Record<string, unknown> | undefined;
  const expects = rule?.['x-expects'];
  if (typeof expects === 'string') return { problem: `${show(name)} is not ${expects}`, field: name };
  if (name === '') return { problem: 'a name is empty', field: name };
  return {
    problem: `the name ${show(name)} is ${error.keyword === 'maxLength' ? 'too long' : `not of the form ${String(params['pattern'])}`}`,
    field: name,
  };
}

function valueAt(root: unknown, pointer: string): unknown {
  return segments(pointer).reduce(memberOf, root);
}

function count(limit: unknown, noun: string): string {
  return `${String(limit)} ${noun}${limit === 1 ? '' : 's'}`;
}
