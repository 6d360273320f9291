// Manifests of other formats, changed anywhere, and manifests of ours made from the grammar, through the conversions.

import { readdirSync, readFileSync } from 'node:fs';
import { parseAllDocuments, stringify } from 'yaml';
import { convertManifest } from '../../stages/stage0/convert/convert.ts';
import { generateKube } from '../../stages/stage0/convert/to-kube/generate.ts';
import { type PodError, PodErrors } from '../../stages/stage0/error.ts';
import { allErrorsOf } from '../../stages/stage0/manifest/all-errors.ts';
import { parseManifest } from '../../stages/stage0/manifest/parse.ts';
import { FOREIGN } from './foreign-manifests.ts';
import { Grammar, newRandom, pick, type Random } from './manifest-grammar.ts';
import { mutate, write } from './manifest-text.ts';

/** For one manifest; the machine may be busy. */
const MAX_MS = 5000;
const FILE = 'in.yaml';
const IMAGES = new Map([['a', 'docker://r.io/a:1']]);

export interface Conversions {
  readonly inputs: number;
  /** That became a manifest of ours. */
  converted: number;
  /** Of ours that became one of Kubernetes. */
  generated: number;
}

/** Throws at the first that crashes, hangs, is refused without a place or becomes a manifest that is not valid. */
export async function fuzzConversions(seed: number, inputs: number, examplesDir: string): Promise<Conversions> {
  const random = newRandom(seed);
  const grammar = new Grammar(random);
  const examples = readdirSync(examplesDir)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) =>
      readFileSync(`${examplesDir}/${name}`, 'utf8').replaceAll(/oci:\S+|image: host/g, 'docker://r.io/a'),
    );
  const found: Conversions = { inputs, converted: 0, generated: 0 };
  for (let i = 0; i < inputs; i++) {
    const isOurs = random() < 0.4;
    const text = isOurs ? newOwn(random, grammar, examples) : newForeign(random);
    const startMs = performance.now();
    try {
      if (isOurs) await generate(text, found);
      else await convert(text, found);
      if (performance.now() - startMs > MAX_MS) throw new Error('it took too long');
    } catch (error) {
      const shown = error instanceof PodErrors ? error.message : String((error as Error).stack);
      throw new Error(`conversion ${i} of seed ${seed}: ${shown}\n${text.slice(0, 6000)}`, { cause: error });
    }
  }
  return found;
}

function newOwn(random: Random, grammar: Grammar, examples: readonly string[]): string {
  if (random() < 0.5) return mutate(pick(random, examples), random);
  const manifest = grammar.manifest(0) as { apps?: { image: string }[] };
  for (const app of manifest.apps ?? []) app.image = 'docker://r.io/a';
  return write(manifest, random);
}

function newForeign(random: Random): string {
  const text = pick(random, FOREIGN);
  const kind = random();
  if (kind < 0.4) return mutate(text, random);
  const objects = parseAllDocuments(text, { merge: true }).map((document) => document.toJS() as unknown);
  for (let count = 1 + Math.floor(random() ** 2 * 6); count > 0; count--) change(pick(random, objects), random);
  return objects.map((object) => write(object, random).trimEnd()).join('\n---\n');
}

const ODD: readonly unknown[] = [
  null,
  '',
  'x',
  'A',
  '-1',
  '1e99',
  '0x10',
  '$(A)',
  '/',
  '..',
  '/a/../b',
  'a\nb',
  'ALL',
  'CAP_ALL',
  'Always',
  'x'.repeat(300),
  0,
  -1,
  1.5,
  65_536,
  2 ** 53,
  true,
  false,
  [],
  [null],
  [[]],
  ['x', 'x'],
  {},
  { name: 'x' },
  JSON.parse('{"__proto__": 1}'),
];

/** One place in it, at any depth: another value, another name, one more or one less. */
function change(object: unknown, random: Random): void {
  let parent = object as Record<string, unknown>;
  for (;;) {
    if (parent === null || typeof parent !== 'object') return;
    const keys = Object.keys(parent);
    if (keys.length === 0) return;
    const key = pick(random, keys);
    const value = parent[key];
    if (value !== null && typeof value === 'object' && random() < 0.85) {
      parent = value as Record<string, unknown>;
      continue;
    }
    const kind = random();
    if (kind < 0.2) delete parent[key];
    else if (kind < 0.35) parent[`${key}X`] = value;
    else if (Array.isArray(parent) && kind < 0.5) parent.push(structuredClone(value));
    else parent[key] = structuredClone(pick(random, ODD));
    return;
  }
}

async function convert(text: string, found: Conversions): Promise<void> {
  const hasApp = /"?name"?\s*:\s*"?a\b/.test(text) && /acKind/.test(text);
  const { manifest, errors, lost, warnings } = await convertOrRefuse(text, hasApp);
  requirePlaces([...errors, ...lost, ...warnings], text);
  if ((manifest === undefined) !== errors.length > 0) throw new Error('neither a manifest nor an error, or both');
  if (manifest === undefined) return;
  found.converted++;
  const printed = parseManifest(stringify(manifest), 'out.yaml', { baseDir: '/' });
  const wrong = await allErrorsOf(printed);
  if (wrong.length > 0) throw new PodErrors(wrong);
}

/** An image for an app that is not there is the caller's fault. */
async function convertOrRefuse(text: string, hasApp: boolean): ReturnType<typeof convertManifest> {
  try {
    return await convertManifest(text, FILE, hasApp ? { images: IMAGES } : {});
  } catch (error) {
    if ((error as PodError).code !== 'cli/usage') throw error;
    return convertManifest(text, FILE);
  }
}

async function generate(text: string, found: Conversions): Promise<void> {
  const { objects, errors, lost, warnings } = await generateKube(text, FILE, '/base', new Map());
  requirePlaces([...errors, ...lost, ...warnings], text);
  if (errors.length > 0) return;
  found.generated++;
  const back = await convertManifest(objects.map((object) => stringify(object)).join('---\n'), 'back.yaml');
  if (back.errors.length > 0) throw new PodErrors(back.errors);
}

function requirePlaces(errors: readonly PodError[], text: string): void {
  const lines = text.split(/\r\n|\n|\r/).length;
  for (const { at, message } of errors)
    if (!at || at.file !== FILE || !(at.line >= 1 && at.line <= lines && at.col >= 1))
      throw new Error(`"${message}" has no place in the text: ${JSON.stringify(at)}`);
}
