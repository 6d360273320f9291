import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { execa } from 'execa';
import { POD_STATES } from '../../stages/stage0/pod/layout.ts';
import { cliEnvironment, commandLine } from '../harness/pod-cli.ts';

type Json = Readonly<Record<string, unknown>>;

/** A pod of one app on the host's image, a field a line, so that places are easy to name. */
export function manifestWith(app: Json = {}, volumes: readonly Json[] = []): string {
  const fields = { name: 'a', image: 'host', exec: ['/bin/true'], ...app };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
  return [
    'apiVersion: pod/v1',
    'kind: Pod',
    'metadata: {name: refused}',
    `volumes: ${JSON.stringify(volumes)}`,
    'apps:',
    `  - ${lines.join('\n    ')}`,
    '',
  ].join('\n');
}

export interface Refusal {
  readonly code: string;
  /** `line:column` of the manifest, where one is to blame. */
  readonly at?: string;
  readonly exitCode?: number;
  readonly says?: RegExp;
}

export interface RefusedRun {
  readonly root: string;
  /** A command that runs the rest of its arguments. */
  readonly wrapper?: readonly string[];
  readonly expected: Refusal;
}

/** Runs the manifest, which must fail as expected and leave neither pod nor claim. */
export async function assertRefused(manifest: string, { root, wrapper = [], expected }: RefusedRun): Promise<void> {
  const command = [...wrapper, process.execPath, ...commandLine(['run', '-'], root)];
  const options = { env: cliEnvironment(), extendEnv: false, reject: false, input: manifest } as const;
  const { exitCode, stderr } = await execa(command[0]!, command.slice(1), options);
  assert.equal(exitCode, expected.exitCode ?? 125, stderr);
  assert.equal(stderr.includes('internal error'), false, stderr);
  const place = expected.at === undefined ? '' : `:${expected.at}: `;
  assert.ok(stderr.includes(`[${expected.code}]`) && stderr.includes(place), stderr);
  if (expected.says) assert.match(stderr, expected.says);
  assert.deepEqual(whatIsIn(root), []);
}

export function whatIsIn(root: string): string[] {
  const kinds = namesIn(`${root}/claims`).map((kind) => `claims/${kind}`);
  const dirs = [...POD_STATES.map((state) => `pods/${state}`), ...kinds, 'images/tmp'];
  return dirs.flatMap((dir) => namesIn(`${root}/${dir}`).map((name) => `${dir}/${name}`));
}

function namesIn(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}
