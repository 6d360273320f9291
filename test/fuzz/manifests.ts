// Manifests made from the grammar, and examples changed anywhere, through all that decides: parser, checks, plan and encoder.

import { readdirSync, readFileSync } from 'node:fs';
import { PodError, PodErrors } from '../../stages/stage0/error.ts';
import { parseManifest } from '../../stages/stage0/manifest/parse.ts';
import type { PodSpec } from '../../stages/stage0/manifest/spec.ts';
import { encodeProgram } from '../../stages/tape/encode.ts';
import { Grammar, newRandom, pick, type Random } from './manifest-grammar.ts';
import { mutate, write } from './manifest-text.ts';
import { planSpec } from './tapes.ts';

/** For one manifest; the machine may be busy. */
const MAX_MS = 5000;
/** That stays, after so many manifests. */
const MAX_GROWTH_BYTES = 256 * 1024 * 1024;

export interface Findings {
  readonly inputs: number;
  /** Without an error. */
  valid: number;
  /** Of those, the ones this host could start. */
  planned: number;
  slowestMs: number;
}

/** Throws at the first that crashes, hangs or is refused without a place, with how to see it again. */
export function fuzzManifests(seed: number, inputs: number, examplesDir: string): Findings {
  const random = newRandom(seed);
  const grammar = new Grammar(random);
  const examples = readdirSync(examplesDir)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => readFileSync(`${examplesDir}/${name}`, 'utf8'));
  const findings: Findings = { inputs, valid: 0, planned: 0, slowestMs: 0 };
  const before = process.memoryUsage().rss;
  for (let i = 0; i < inputs; i++) {
    const text = newManifest(random, grammar, examples);
    try {
      judge(text, findings);
    } catch (error) {
      throw new Error(`manifest ${i} of seed ${seed}: ${(error as Error).message}\n${text.slice(0, 4000)}`, {
        cause: error,
      });
    }
  }
  const growth = process.memoryUsage().rss - before;
  if (growth > MAX_GROWTH_BYTES) throw new Error(`${growth} bytes stay after ${inputs} manifests`);
  return findings;
}

function newManifest(random: Random, grammar: Grammar, examples: readonly string[]): string {
  const kind = random();
  if (kind < 0.3) return mutate(pick(random, examples), random);
  const text = write(grammar.manifest(pick(random, [0, 0, 0.003, 0.02, 0.1])), random);
  return kind < 0.5 ? mutate(text, random) : text;
}

function judge(text: string, findings: Findings): void {
  const startMs = performance.now();
  const { spec, errors, warnings } = parseManifest(text, 'pod.yaml', { baseDir: '/base' });
  if ((spec === undefined) !== errors.length > 0) throw new Error('neither a pod nor an error, or both');
  requirePlaces([...errors, ...warnings], text);
  if (spec) {
    findings.valid++;
    if (plans(spec, text)) findings.planned++;
  }
  const ms = performance.now() - startMs;
  findings.slowestMs = Math.max(findings.slowestMs, ms);
  if (ms > MAX_MS) throw new Error(`it took ${ms} ms`);
}

/** False when it is refused, as a pod error with its place. */
function plans(spec: PodSpec, text: string): boolean {
  try {
    encodeProgram(planSpec(spec).program, 'x86_64');
    return true;
  } catch (error) {
    if (error instanceof PodErrors) requirePlaces(error.errors, text);
    else if (error instanceof PodError) requirePlaces([error], text);
    else throw error;
    return false;
  }
}

function requirePlaces(errors: readonly PodError[], text: string): void {
  const lines = text.split(/\r\n|\n|\r/).length;
  for (const { at, message } of errors)
    if (!at || at.file !== 'pod.yaml' || !(at.line >= 1 && at.line <= lines && at.col >= 1))
      throw new Error(`"${message}" has no place in the text: ${JSON.stringify(at)}`);
}
