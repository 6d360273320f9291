import { PodError, type Position } from '../error.ts';
import { describePointer, join, segments } from './pointer.ts';
import { SchemaLookup } from './schema-lookup.ts';
import { explain, type Explanation } from './schema-messages.ts';
import type { SchemaError } from './validator.ts';
import type { ManifestDocument } from './document.ts';

/** A person reads a few dozen; a hostile file could ask for a million. */
const MAX_ERRORS = 500;

/** Says in a person's words, with places and hints, what does not fit the schema. */
export function translateSchemaErrors(document: ManifestDocument, errors: readonly SchemaError[]): PodError[] {
  const lookup = new SchemaLookup(document.value);
  const relevant = dropEchoes(errors);
  const translated = relevant.slice(0, MAX_ERRORS).map((error) => translate(document, lookup, error));
  const rest = relevant.slice(MAX_ERRORS);
  if (rest[0]) {
    const problem = `${rest.length} more errors of this kind are not shown`;
    translated.push(new PodError('manifest/schema', problem, { at: document.at(rest[0].instancePath) }));
  }
  return translated;
}

/** Without the errors that only repeat others, and with one error a choice of branches. */
function dropEchoes(errors: readonly SchemaError[]): SchemaError[] {
  const kept: SchemaError[] = [];
  for (const error of errors) {
    if (error.keyword === 'if' || error.keyword === 'propertyNames') continue;
    // A missing tag is reported as a missing field too.
    if (error.keyword === 'discriminator' && error.params['tagValue'] === undefined) continue;
    if (error.keyword !== 'anyOf' && error.keyword !== 'oneOf') {
      kept.push(error);
      continue;
    }
    // ajv reports the branches right before the choice between them.
    const branches: SchemaError[] = [];
    while (kept.length > 0 && isBelow(kept.at(-1)!, error)) branches.unshift(kept.pop()!);
    kept.push(...mostTelling(branches, error));
  }
  return kept;
}

function isBelow(error: SchemaError, choice: SchemaError): boolean {
  const isInside =
    error.instancePath === choice.instancePath || error.instancePath.startsWith(`${choice.instancePath}/`);
  return (
    isInside && (error.schemaPath.startsWith(`${choice.schemaPath}/`) || error.instancePath !== choice.instancePath)
  );
}

/** The branch that got furthest is most likely the one that was meant: all that is wrong inside, or else one error of the value itself. */
function mostTelling(errors: readonly SchemaError[], choice: SchemaError): SchemaError[] {
  const deepest = errors.toSorted((a, b) => b.instancePath.length - a.instancePath.length)[0];
  if (!deepest) return [choice];
  if (deepest.instancePath === choice.instancePath)
    return [errors.find(({ keyword }) => keyword !== 'type') ?? deepest];
  const branch = branchOf(deepest, choice);
  return errors.filter((error) => branchOf(error, choice) === branch);
}

/** By its place in the schema: below the choice, or in what a branch refers to. */
function branchOf({ schemaPath }: SchemaError, choice: SchemaError): string {
  const prefix = `${choice.schemaPath}/`;
  return schemaPath.startsWith(prefix)
    ? schemaPath.slice(prefix.length).split('/')[0]!
    : schemaPath.split('/').slice(0, 3).join('/');
}

function translate(document: ManifestDocument, lookup: SchemaLookup, error: SchemaError): PodError {
  const said: Explanation = explain(document, lookup, error);
  const at = placeOf(document, error.instancePath, said);
  return new PodError(said.code ?? 'manifest/schema', `${describePlace(error.instancePath)}: ${said.problem}`, {
    hint: said.hint,
    at,
  });
}

function placeOf(document: ManifestDocument, pointer: string, { field, isValue }: Explanation): Position {
  if (field === undefined) return document.at(pointer);
  return isValue ? document.at(join(pointer, field)) : document.atKey(join(pointer, field));
}

function describePlace(pointer: string): string {
  return segments(pointer).length > 20 ? '…' : describePointer(pointer);
}
