// The build step for the manifest's schemas: composes the isolators' schema from their registry, compiles the validator,
// and writes the reference pages.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import Ajv2020 from 'ajv/dist/2020.js';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { build } from 'esbuild';
import { DIST, TOP } from './digest.mjs';
import { composeIsolatorSchema } from './isolator-schema.mjs';
import { renderErrorDocs, renderManifestDocs } from './schema-docs.mjs';

const GENERATED = join(DIST, 'generated');
const POD_SCHEMA = join(TOP, 'schemas/pod.v1.schema.json');
const REGISTRY = './stages/stage0/isolators/registry.ts';

/**
 * Writes dist/generated/validate-pod.cjs, schemas/isolators.v1.schema.json, docs/manifest.md and docs/errors.md. With
 * `check`, a committed file that differs from what its sources generate is an error, and is left as it is.
 */
export async function buildSchemas({ check = false } = {}) {
  mkdirSync(GENERATED, { recursive: true });
  const { isolators, errorCodes, fieldType } = await loadSources();
  const pod = JSON.parse(readFileSync(POD_SCHEMA, 'utf8'));
  const isolatorSchema = composeIsolatorSchema(isolators);
  const committed = new Map([
    ['schemas/isolators.v1.schema.json', `${JSON.stringify(isolatorSchema, null, 2)}\n`],
    ['docs/manifest.md', renderManifestDocs(pod, isolatorSchema, isolators, fieldType)],
    ['docs/errors.md', renderErrorDocs(errorCodes)],
  ]);
  if (check) refuseDifferences(committed);
  else for (const [name, text] of committed) writeIfChanged(join(TOP, name), text);
  writeIfChanged(join(GENERATED, 'validate-pod.cjs'), await compileValidator(pod, isolatorSchema));
}

/** The registry and the error codes are TypeScript: bundled, then loaded. */
async function loadSources() {
  const outfile = join(GENERATED, 'schema-sources.cjs');
  const lines = [
    `export { ERROR_CODES as errorCodes } from './stages/stage0/error.ts';`,
    `export * as fieldType from './stages/stage0/manifest/field-type.ts';`,
  ];
  if (existsSync(join(TOP, REGISTRY))) lines.push(`export { ISOLATORS as isolators } from '${REGISTRY}';`);
  else lines.push('export const isolators = [];');
  await build({
    absWorkingDir: TOP,
    stdin: { contents: lines.join('\n'), resolveDir: TOP, loader: 'ts' },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: ['koffi'],
    define: { 'import.meta.filename': '__filename' },
    logLevel: 'warning',
  });
  const require = createRequire(import.meta.url);
  // A second build in the same process must see what changed meanwhile.
  delete require.cache[outfile];
  return require(outfile);
}

/** One CommonJS module: `validate`, and `schemas`, the sources' text, for messages about what does not fit. */
async function compileValidator(pod, isolatorSchema) {
  const ajv = new Ajv2020.default({
    allErrors: true,
    code: { source: true },
    // One function a definition: a third of the code, and a third of the time to load it.
    inlineRefs: false,
    discriminator: true,
    strict: true,
    // A definition may leave its type to the one that refers to it.
    strictTypes: false,
    // `required` beside a discriminator names what the branches define.
    strictRequired: false,
  });
  ajv.addVocabulary(['x-expects', 'x-hint', 'x-choices', 'x-noun']);
  ajv.addSchema(isolatorSchema);
  const code = standaloneCode.default(ajv, ajv.compile(pod));
  const schemas = JSON.stringify(JSON.stringify([withoutDocs(pod), withoutDocs(isolatorSchema)]));
  const contents = `${code}\nmodule.exports = { validate: module.exports, schemas: ${schemas} };`;
  const { outputFiles } = await build({
    absWorkingDir: TOP,
    stdin: { contents, resolveDir: TOP, loader: 'js' },
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    charset: 'ascii',
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0].text;
}

/** What messages need of a schema; descriptions and examples would only make the bundle larger. */
function withoutDocs(schema) {
  // In an object of properties, "description" is a property's name.
  const strip = (value, isSchema) => {
    if (Array.isArray(value)) return value.map((item) => strip(item, true));
    if (value === null || typeof value !== 'object') return value;
    const entries = Object.entries(value).filter(
      ([key]) => !isSchema || !['description', 'examples', 'title', 'default', '$schema'].includes(key),
    );
    return Object.fromEntries(
      entries.map(([key, item]) => [key, strip(item, !isSchema || !['properties', '$defs'].includes(key))]),
    );
  };
  return strip(schema, true);
}

function refuseDifferences(files) {
  for (const [name, text] of files) {
    const path = join(TOP, name);
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
    throw new Error(`${relative(TOP, path)} is not what its sources generate: run npm run build and commit it`);
  }
}

/** The build's freshness is judged by content, an editor's by time: an unchanged file is not touched. */
function writeIfChanged(path, text) {
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
