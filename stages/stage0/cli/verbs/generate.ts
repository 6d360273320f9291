import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PodError, PodErrors } from '../../error.ts';
import { allErrorsOf } from '../../manifest/all-errors.ts';
import { parseManifest } from '../../manifest/parse.ts';
import type { PodSpec } from '../../manifest/spec.ts';
import { readIfThere } from '../../pod/files.ts';
import { defaultRoot, POD_FILES } from '../../pod/layout.ts';
import { readRecord } from '../../pod/record.ts';
import { PodStore } from '../../pod/store.ts';
import { CONVERSION_FLAGS } from '../converted-output.ts';
import { type Flag, parseFlags } from '../flags.ts';
import { type ManifestFile, readManifestFile } from '../manifest-file.ts';
import { packageDir } from '../package-dir.ts';
import { isRepository } from '../set-flags.ts';
import { renderUnit } from '../systemd-unit.ts';
import { GLOBAL_FLAGS, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'generate',
  purpose:
    'Writes the configuration that another program needs to run a pod: a unit for systemd, a manifest for Kubernetes.',
  usage: [
    'pod generate systemd FILE|DIR|POD [FLAG…]',
    'pod generate kube [--lossy] [--image APP=REF] [-o FORMAT] FILE|POD',
  ],
  examples: [
    ['pod generate systemd web.pod.yaml > /etc/systemd/system/web.service', 'a service that runs the pod'],
    [
      'pod generate systemd site --prune',
      'a service that watches a folder (pod apply --watch); the pods outlive the service',
    ],
    ['pod generate systemd web', 'a service for a running pod; the file of its manifest must be unchanged'],
    ['pod generate kube web.pod.yaml | kubectl apply -f -', 'the same pod in a cluster'],
    [
      'pod generate kube web.pod.yaml --lossy --image nginx=docker://registry.example/nginx:1',
      'without what Kubernetes cannot say, and with an image that the cluster can fetch',
    ],
  ],
  flags: [...CONVERSION_FLAGS],
  notes: [
    'Of systemd: the unit passes each FLAG to pod run or pod apply. Its paths are absolute: they are those of this host and this pod',
    'program. The unit counts as started when all apps of the pod have started (Type=notify). Stopping the unit stops the',
    'apps in their order.',
    'Of Kubernetes: what it cannot say is an error, each at its place; with --lossy it is a warning, and left out. Volumes of kind',
    'inline become ConfigMaps. docs/convert.md lists what becomes what.',
  ],
  commandAfter: 1,
  completes: [['kube', 'systemd'], 'files'],
  run: generate,
};

/** For the way from the signal to the first app, and from the last app to the end. */
const STOP_MARGIN_MS = 10_000;
/** A watcher leaves its pods alone when it ends. */
const WATCHER_STOP_MS = 30_000;

async function generate(invocation: Invocation): Promise<number> {
  const [kind, target, ...more] = invocation.operands;
  if (kind === undefined) throw new PodError('cli/usage', 'what to generate is missing: kube or systemd');
  if (kind !== 'kube' && kind !== 'systemd')
    throw new PodError('cli/usage', `generate "${kind}": not one of kube, systemd`);
  if (target === undefined)
    throw new PodError('cli/usage', `${kind === 'kube' ? 'FILE or POD' : 'FILE, DIR or POD'} is missing`);
  if (kind === 'kube') return (await import('../generate-kube.ts')).printKube(invocation, target, more);
  const foreign = CONVERSION_FLAGS.find(({ name }) => invocation.flags.has(name));
  if (foreign) throw new PodError('cli/usage', `--${foreign.name} goes with "pod generate kube"`);
  const words = more[0] === '--' ? more.slice(1) : more;
  const stat = isRepository(target) ? undefined : statSync(target, { throwIfNoEntry: false });
  const unit =
    isRepository(target) || stat?.isDirectory()
      ? await folderUnit(invocation, target, words)
      : await manifestUnit(invocation, target, words);
  invocation.terminal.out(unit);
  return 0;
}

async function folderUnit(invocation: Invocation, target: string, words: readonly string[]): Promise<string> {
  const dir = isRepository(target) ? target : resolve(target);
  const own = ['--watch', '-f', dir];
  const { root, flags } = await readFlags(invocation, 'apply', own, words);
  const command = [...programOf(root, 'apply'), ...own, ...flags];
  const paths = [root, ...(isRepository(target) ? [] : [dir])];
  return renderUnit({ kind: 'folder', subject: `folder ${dir}`, command, paths, stopMs: WATCHER_STOP_MS });
}

async function manifestUnit(invocation: Invocation, target: string, words: readonly string[]): Promise<string> {
  const own = ['--rm'];
  const { root, flags } = await readFlags(invocation, 'run', own, words);
  const file = resolve(existsSync(target) ? target : manifestOf(root, target));
  const spec = await soundSpec(readManifestFile(file));
  const command = [...programOf(root, 'run'), ...own, ...flags, file];
  const graces = spec.apps.reduce((sum, { stop }) => sum + stop.graceMs, 0);
  return renderUnit({
    kind: 'manifest',
    subject: spec.name,
    command,
    paths: [root, file],
    stopMs: graces + STOP_MARGIN_MS,
  });
}

/** What a run would refuse wherever it is made is refused here, and not at the next boot. */
async function soundSpec({ text, path, baseDir }: ManifestFile): Promise<PodSpec> {
  const read = parseManifest(text, path, { baseDir });
  const errors = await allErrorsOf(read);
  if (!read.spec || errors.length > 0) throw new PodErrors(errors);
  return read.spec;
}

/** A service manager has no PATH to speak of, and `pod` begins with one; the root is said when it is not what root has. */
function programOf(root: string, verbName: string): string[] {
  const program = [process.execPath, realpathSync(join(packageDir(), 'bin/pod.cjs'))];
  return [...program, verbName, ...(root === defaultRoot({}, 0) ? [] : ['--root', root])];
}

/** A service has no terminal, its first process is the service, and what it is of is said already. */
const NOT_OF_A_SERVICE = ['detach', 'interactive', 'tty', 'detach-keys', 'file', 'help'];

interface UnitFlags {
  /** The state directory, wherever on the command line it was said. */
  readonly root: string;
  /** Those of the unit's command beside its own, paths absolute. */
  readonly flags: readonly string[];
}

/** What the verb would refuse is refused here, and not at the next boot. */
async function readFlags(
  { verbs, root }: Invocation,
  name: 'run' | 'apply',
  own: readonly string[],
  words: readonly string[],
): Promise<UnitFlags> {
  const { verb: called } = await verbs.find((one) => one.name === name)!.load();
  const known = [...called.flags, ...GLOBAL_FLAGS];
  const parsed = parseFlags(words, known);
  const [operand] = parsed.operands;
  if (operand !== undefined) throw new PodError('cli/usage', `unexpected argument "${operand}"`);
  const refused = NOT_OF_A_SERVICE.find((flag) => parsed.has(flag));
  if (refused !== undefined) throw new PodError('cli/usage', `--${refused} does not go with a service`);
  called.check?.(parseFlags([...own, ...words], known));
  const said = parsed.value('root');
  return {
    root: said === undefined ? root : resolve(said),
    flags: known
      .filter((flag) => flag.name !== 'root' && !own.includes(`--${flag.name}`))
      .flatMap((flag) => flagWords(flag, parsed.all(flag.name))),
  };
}

function flagWords({ name, value, isValueOptional, isPath }: Flag, values: readonly string[]): string[] {
  return values.flatMap((given) => {
    if (value === undefined || (isValueOptional && given === '')) return [`--${name}`];
    const word = isPath ? resolve(given) : given;
    // What begins with a dash would be another flag.
    return isValueOptional || word.startsWith('-') ? [`--${name}=${word}`] : [`--${name}`, word];
  });
}

/** The file a pod was started from, when it is still what the pod runs. */
function manifestOf(root: string, query: string): string {
  const pod = new PodStore(root).find(query);
  const path = readRecord(pod.path)?.manifest.path;
  const text = readIfThere(`${pod.path}/${POD_FILES.manifest}`);
  const file = path === undefined || path === '-' ? undefined : resolve(path);
  if (text !== undefined && file !== undefined && isSameText(file, text)) return file;
  const found =
    path === undefined || path === '-'
      ? 'it was read from standard input'
      : `the pod does not run the current content of "${path}"`;
  throw new PodError('manifest/unreadable', `find the manifest of pod ${pod.uuid}: ${found}`, {
    hint: 'pod cat-manifest prints the manifest; write it to a file, and use that file',
  });
}

function isSameText(file: string, text: string): boolean {
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) return false;
  return readFileSync(file, 'utf8') === text;
}
