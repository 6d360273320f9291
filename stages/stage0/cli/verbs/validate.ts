import { PodError } from '../../error.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { PodSpec } from '../../manifest/spec.ts';
import { imagesDir } from '../../pod/layout.ts';
import { type Frozen, frozenBy, readPins } from '../../pins/pins.ts';
import { someOperands } from '../arguments.ts';
import { readManifestFile } from '../manifest-file.ts';
import { expandManifests } from '../manifest-folder.ts';
import { type FileReport, renderReports } from '../validate-output.ts';
import { FROZEN_FLAG, type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'validate',
  purpose: 'Finds all errors of manifests at once, each with its place.',
  usage: ['pod validate FILE|DIR… [-o text|json|sarif|github] [--frozen]'],
  examples: [
    ['pod validate web.pod.yaml', 'one file'],
    ['pod validate manifests', 'every *.pod.yaml, *.pod.yml and *.pod.json in a folder'],
    ['pod validate -o github manifests', 'as annotations of a GitHub workflow'],
  ],
  flags: [outputFlag('text', 'json', 'sarif', 'github'), FROZEN_FLAG],
  notes: [
    'Exits 1 when there is an error, 0 when there are warnings at most.',
    'Images are looked at only when there is a pod.lock beside the manifest.',
  ],
  completes: 'files',
  run: validate,
};

async function validate(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const frozen = frozenBy(flags.has('frozen'));
  const files = someOperands(invocation, 'FILE').flatMap(expandManifests);
  const reports: FileReport[] = [];
  for (const file of files) reports.push(await check(file, { storeDir: imagesDir(root), frozen }));
  const format = (flags.value('output') ?? 'text') as 'text' | 'json' | 'sarif' | 'github';
  await renderReports(terminal, reports, format, isQuiet);
  return reports.some(({ errors }) => errors.length > 0) ? 1 : 0;
}

interface CheckOptions {
  readonly storeDir: string;
  readonly frozen: Frozen | undefined;
}

async function check(path: string, options: CheckOptions): Promise<FileReport> {
  try {
    const { text, baseDir } = readManifestFile(path);
    const { spec, errors, warnings } = parseManifest(text, path, { baseDir });
    const found = spec ? await checkImages(spec, baseDir, options) : { errors: [], warnings: [] };
    return { path, text, errors: [...errors, ...found.errors], warnings: [...warnings, ...found.warnings] };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    return { path, text: '', errors: [error], warnings: [] };
  }
}

async function checkImages(
  spec: PodSpec,
  baseDir: string,
  { storeDir, frozen }: CheckOptions,
): Promise<Pick<FileReport, 'errors' | 'warnings'>> {
  const pins = readPins(baseDir, frozen);
  if (!pins) return { errors: [], warnings: [] };
  const { judgeImages } = await import('../judge-images.ts');
  return judgeImages(spec, pins, { storeDir, baseDir, frozen });
}
