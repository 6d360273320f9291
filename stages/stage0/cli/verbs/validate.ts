import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../../error.ts';
import { parseManifest } from '../../manifest/parse.ts';
import { someOperands } from '../arguments.ts';
import { readManifestFile } from '../manifest-file.ts';
import { type FileReport, renderReports } from '../validate-output.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'validate',
  purpose: 'Finds all errors of manifests at once, each with its place.',
  usage: ['pod validate FILE|DIR… [-o text|json|sarif|github]'],
  examples: [
    ['pod validate web.pod.yaml', 'one file'],
    ['pod validate manifests', 'every *.pod.yaml, *.pod.yml and *.pod.json in a folder'],
    ['pod validate -o github manifests', 'as annotations of a GitHub workflow'],
  ],
  flags: [outputFlag('text', 'json', 'sarif', 'github')],
  notes: ['Exits 1 when there is an error, 0 when there are warnings at most.'],
  completes: 'files',
  run: validate,
};

const MANIFEST = /\.pod\.(yaml|yml|json)$/;

async function validate(invocation: Invocation): Promise<number> {
  const { flags, terminal, isQuiet } = invocation;
  const files = someOperands(invocation, 'FILE').flatMap(expand);
  const reports = files.map(check);
  const format = (flags.value('output') ?? 'text') as 'text' | 'json' | 'sarif' | 'github';
  await renderReports(terminal, reports, format, isQuiet);
  return reports.some(({ errors }) => errors.length > 0) ? 1 : 0;
}

function check(path: string): FileReport {
  try {
    const { text, baseDir } = readManifestFile(path);
    const { errors, warnings } = parseManifest(text, path, { baseDir });
    return { path, text, errors, warnings };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    return { path, text: '', errors: [error], warnings: [] };
  }
}

function expand(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => MANIFEST.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(path, name));
  throw new PodError(
    'manifest/unreadable',
    `find manifests in "${path}": no file there ends in .pod.yaml, .pod.yml or .pod.json`,
  );
}
