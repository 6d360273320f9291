import { placeOf, PodError } from '../error.ts';
import { buildSpec } from './build-spec.ts';
import { checkAfter } from './check-after.ts';
import { checkMetadata } from './check-metadata.ts';
import { checkMounts } from './check-mounts.ts';
import { checkNames } from './check-names.ts';
import { checkPorts } from './check-ports.ts';
import { checkProbes } from './check-probes.ts';
import { checkRollout } from './check-rollout.ts';
import { checkValues } from './check-values.ts';
import { checkVolumes } from './check-volumes.ts';
import { dialectProblem } from './dialect.ts';
import type { DocumentRead, ManifestDocument } from './document.ts';
import { readJsonDocument } from './json-document.ts';
import { outlineOf } from './outline.ts';
import { join } from './pointer.ts';
import { Report } from './report.ts';
import { translateSchemaErrors } from './schema-errors.ts';
import type { IsolatedPod, PodSpec } from './spec.ts';
import { soundPart } from './sound-part.ts';
import { type SchemaError, validatePod } from './validator.ts';
import { readDocument } from './yaml-document.ts';

export interface ParseOptions {
  /** Relative sources in the manifest start here: its folder. Absolute. */
  readonly baseDir: string;
}

export interface ParsedManifest {
  /** There when there are no errors. */
  readonly spec?: PodSpec;
  /** What can be judged further although there are errors; with `spec`, all of it. */
  readonly sound?: IsolatedPod;
  /** Everything that is wrong, by place. */
  readonly errors: PodError[];
  /** What is accepted but cannot take effect, by place. */
  readonly warnings: PodError[];
}

const CHECKS = [
  checkNames,
  checkVolumes,
  checkMounts,
  checkPorts,
  checkAfter,
  checkValues,
  checkMetadata,
  checkProbes,
  checkRollout,
];

/** Reads a manifest of pod/v1. `path` is what the places of errors name; `-` is standard input. */
export function parseManifest(text: string, path: string, options: ParseOptions): ParsedManifest {
  return judgeDocument(readDocument(text, path), text, path, options);
}

/** Judges a manifest that a program gave as an object; `path` names it in errors, whose places are those of its JSON. */
export function parseObject(manifest: object, path: string, options: ParseOptions): ParsedManifest {
  const text = JSON.stringify(manifest, undefined, 2);
  return judgeDocument(readJsonDocument(text, path), text, path, options);
}

/** Judges what was read or made; `text` is what is kept of it. */
export function judgeDocument(read: DocumentRead, text: string, path: string, options: ParseOptions): ParsedManifest {
  if (!read.document) return { errors: tidy(read.errors), warnings: tidy(read.warnings) };
  const { document } = read;
  const foreign = dialectProblem(document);
  if (foreign) return { errors: tidy([...read.errors, foreign]), warnings: tidy(read.warnings) };

  const schemaErrors = validatePod(document.value);
  const outline = outlineOf(document.value);
  const refused = refusedPlaces(schemaErrors);
  const report = new Report(document, refused);
  for (const check of CHECKS) check(outline, report);
  const unread = new Set(read.errors.map(placeOf));
  const found = [...describe(document, schemaErrors), ...report.errors];
  // What stands in for a value that could not be read is not judged.
  const errors = [...read.errors, ...found.filter((error) => !unread.has(placeOf(error)))];
  const warnings = tidy([...read.warnings, ...report.warnings]);
  const input = { document, outline, text, path, baseDir: options.baseDir };
  if (errors.length > 0) return { sound: soundPart(input, refused), errors: tidy(errors), warnings };
  const spec = buildSpec(input);
  return { spec, sound: spec, errors, warnings };
}

function describe(document: ManifestDocument, errors: readonly SchemaError[]): PodError[] {
  return errors.length === 0 ? [] : translateSchemaErrors(document, errors);
}

/** Where the schema has spoken already. */
function refusedPlaces(errors: readonly SchemaError[]): Set<string> {
  return new Set(
    errors.map(({ instancePath, propertyName }) =>
      propertyName === undefined ? instancePath : join(instancePath, propertyName),
    ),
  );
}

/** A person reads a few dozen; a hostile file could ask for a hundred thousand. */
const MAX_ERRORS = 500;

/** By place, and once each: what an alias repeats would be reported at the same place again. */
export function tidy(errors: readonly PodError[]): PodError[] {
  const sorted = [...errors].sort(
    (a, b) => (a.at?.line ?? 0) - (b.at?.line ?? 0) || (a.at?.col ?? 0) - (b.at?.col ?? 0),
  );
  const distinct = sorted.filter((error, index) => {
    const previous = sorted[index - 1];
    if (!previous || previous.code !== error.code || placeOf(previous) !== placeOf(error)) return true;
    return problemOf(previous) !== problemOf(error);
  });
  const [next, ...rest] = distinct.splice(MAX_ERRORS);
  if (next) distinct.push(new PodError(next.code, `${rest.length + 1} more errors are not shown`, { at: next.at }));
  return distinct;
}

/** The message without the path in front, which differs between the uses of an alias. */
function problemOf(error: PodError): string {
  return error.message.slice(error.message.indexOf(': ') + 1);
}
