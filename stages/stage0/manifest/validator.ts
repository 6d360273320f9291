// The one door to the validator that bin/build/schemas.mjs compiles from schemas/.

// @ts-ignore: a build product, which need not be there when types are checked
import * as generated from '../../../dist/generated/validate-pod.cjs';

/** As ajv reports it, without the parts that cost memory. */
export interface SchemaError {
  /** JSON pointer of the value. */
  readonly instancePath: string;
  readonly schemaPath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** Set when it is the name of a field that does not fit. */
  readonly propertyName?: string;
  readonly message?: string;
}

/** A JSON Schema as data. */
export type SchemaNode = Readonly<Record<string, unknown>>;

interface Generated {
  readonly validate: ((value: unknown) => boolean) & { errors?: readonly SchemaError[] | null };
  /** JSON of [pod schema, isolator schema], without their documentation. */
  readonly schemas: string;
}

const { validate, schemas } = generated as unknown as Generated;

/** Everything about a value that does not fit the schema of pod/v1. */
export function validatePod(value: unknown): readonly SchemaError[] {
  return validate(value) ? [] : (validate.errors ?? []);
}

let parsed: readonly SchemaNode[] | undefined;

/** The schema of pod/v1 and that of the isolators. Parsed on first use: only messages about errors need them. */
export function podSchemas(): readonly SchemaNode[] {
  return (parsed ??= JSON.parse(schemas) as SchemaNode[]);
}
