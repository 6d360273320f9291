import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { generateKube } from '../convert/to-kube/generate.ts';
import { PodError } from '../error.ts';
import { readIfThere } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { readRecord } from '../pod/record.ts';
import { PodStore } from '../pod/store.ts';
import { wherever } from '../pod/wherever.ts';
import { CONVERSION_FLAGS, imagesIn, reportConversion } from './converted-output.ts';
import { type Parsed, parseFlags } from './flags.ts';
import { formatValue, render } from './format.ts';
import { type ManifestFile, readManifestFile } from './manifest-file.ts';
import { type ColorChoice, Terminal } from './terminal.ts';
import { GLOBAL_FLAGS, type Invocation } from './verb.ts';

/** `words`: what stands behind the manifest or pod. */
export async function printKube(invocation: Invocation, target: string, words: readonly string[]): Promise<number> {
  const behind = parseFlags(words, [...CONVERSION_FLAGS, ...GLOBAL_FLAGS]);
  const [unexpected] = behind.operands;
  if (unexpected !== undefined) throw new PodError('cli/usage', `unexpected argument "${unexpected}"`);
  const flags = together(invocation.flags, behind);
  const color = behind.value('color');
  const terminal = color === undefined ? invocation.terminal : new Terminal(color as ColorChoice);
  const file = fileOf(resolve(behind.value('root') ?? invocation.root), target);
  const generated = await generateKube(file.text, file.path, file.baseDir, imagesIn(flags));
  const isQuiet = invocation.isQuiet || behind.has('quiet');
  reportConversion(generated, file, { terminal, isQuiet, isLossy: flags.has('lossy') });
  terminal.out(await renderObjects(generated.objects, flags.value('output') ?? 'yaml'));
  return 0;
}

function together(before: Parsed, behind: Parsed): Pick<Parsed, 'has' | 'value' | 'all'> {
  return {
    has: (name) => before.has(name) || behind.has(name),
    value: (name) => behind.value(name) ?? before.value(name),
    all: (name) => [...before.all(name), ...behind.all(name)],
  };
}

/** A pod's is what it was created from, not what is in that file now; its places are those that `pod cat-manifest` shows. */
function fileOf(root: string, target: string): ManifestFile {
  if (target === '-' || existsSync(target)) return readManifestFile(target);
  const store = new PodStore(root);
  const pod = store.find(target);
  const text = wherever(store, pod.uuid, (path = pod.path) => readIfThere(`${path}/${POD_FILES.manifest}`));
  if (text === undefined)
    throw new PodError('state/io', `read the manifest of pod ${pod.uuid}: the pod died before it was stored`);
  const path = readRecord(pod.path)?.manifest.path ?? '-';
  return { path: target, text, baseDir: path === '-' ? process.cwd() : dirname(resolve(path)) };
}

/** As `kubectl get` has several: documents in YAML, a list in JSON. */
function renderObjects(objects: readonly unknown[], format: string): string | Promise<string> {
  const named = objects as readonly { readonly kind: string; readonly metadata: { readonly name: string } }[];
  const yaml = async (): Promise<string> => {
    const documents = await Promise.all(objects.map((object) => formatValue(object, 'yaml')));
    return documents.join('---\n');
  };
  if (format === 'yaml') return yaml();
  return render(format, {
    value: () =>
      objects.length === 1 || format === 'jsonl' ? objects[0] : { apiVersion: 'v1', kind: 'List', items: objects },
    names: () => named.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`),
    text: yaml,
  });
}
