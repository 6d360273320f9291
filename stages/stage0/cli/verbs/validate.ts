import { PodError, PodErrors, podErrorsOf } from '../../error.ts';
import { allErrorsOf } from '../../manifest/all-errors.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { PodSpec } from '../../manifest/spec.ts';
import { imagesDir } from '../../pod/layout.ts';
import { type Frozen, frozenBy, readPins } from '../../pins/pins.ts';
import { orderErrors } from '../../sets/order.ts';
import { someOperands } from '../arguments.ts';
import { findManifests, type FoundManifest, isFolder } from '../manifest-folder.ts';
import { type FileReport, renderReports } from '../validate-output.ts';
import { FROZEN_FLAG, type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'validate',
  purpose: 'Reports all errors in manifests at once, each with its place.',
  usage: ['pod validate FILE|DIR… [-o FORMAT] [--frozen]'],
  examples: [
    ['pod validate web.pod.yaml', 'check one file'],
    ['pod validate manifests', 'check all manifests in and below a folder, as pod apply reads them, and their order'],
    ['pod validate -o github manifests', 'print errors as annotations of a GitHub workflow'],
  ],
  flags: [outputFlag('text', 'sarif', 'github'), FROZEN_FLAG],
  notes: [
    'Exits 1 if there are errors, 0 if there are only warnings or none. -o name prints the files that have errors.',
    'The result does not depend on this host: run, plan and apply report what the host lacks.',
    'Images are checked only if there is a pod.lock beside the manifest.',
  ],
  completes: ['files'],
  run: validate,
};

async function validate(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const frozen = frozenBy(flags.has('frozen'));
  const reports: FileReport[] = [];
  for (const operand of someOperands(invocation, 'FILE')) {
    const checked: Checked[] = [];
    for (const file of findAll(operand)) checked.push(await check(file, { storeDir: imagesDir(root), frozen }));
    reports.push(...(isFolder(operand) ? togetherInOrder(checked) : checked.map(({ report }) => report)));
  }
  terminal.out(await renderReports(terminal, reports, flags.value('output') ?? 'text', isQuiet));
  return reports.some(({ errors }) => errors.length > 0) ? 1 : 0;
}

/** What is wrong with a folder is a finding as those of manifests are. */
function findAll(operand: string): FoundManifest[] {
  try {
    return findManifests(operand);
  } catch (error) {
    return podErrorsOf(error).map((wrong) => ({ path: operand, text: '', baseDir: '', wrong }));
  }
}

interface CheckOptions {
  readonly storeDir: string;
  readonly frozen: Frozen | undefined;
}

interface Checked {
  readonly report: FileReport;
  readonly spec?: PodSpec | undefined;
}

async function check({ path, text, baseDir, wrong }: FoundManifest, options: CheckOptions): Promise<Checked> {
  if (wrong) return { report: { path, text, errors: [wrong], warnings: [] } };
  try {
    const read = parseManifest(text, path, { baseDir });
    const { spec, warnings } = read;
    const found = spec ? await checkImages(spec, baseDir, options) : { errors: [], warnings: [] };
    const all = [...(await allErrorsOf(read)), ...found.errors];
    const report = { path, text, errors: new PodErrors(all).errors, warnings: [...warnings, ...found.warnings] };
    return { report, spec };
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    return { report: { path, text, errors: [error], warnings: [] } };
  }
}

/** What is wrong between the manifests of a folder, once nothing is wrong with any of them; each at its place. */
function togetherInOrder(checked: readonly Checked[]): FileReport[] {
  const specs = checked.flatMap(({ spec }) => spec ?? []);
  const found = specs.length === checked.length ? orderErrors(specs) : [];
  return checked.map(({ report }) => {
    const own = found.filter(({ at }) => at?.file === report.path);
    return { ...report, errors: [...report.errors, ...own] };
  });
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
