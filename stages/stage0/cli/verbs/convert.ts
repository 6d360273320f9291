import { PodError } from '../../error.ts';
import { convertManifest } from '../../convert/convert.ts';
import { onlyOperand } from '../arguments.ts';
import { LOSSY_FLAG, manifestOf } from '../converted-output.ts';
import { formatValue, render } from '../format.ts';
import { readManifestFile } from '../manifest-file.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'convert',
  purpose: 'Prints the pod/v1 manifest of a pod that is described for Kubernetes.',
  usage: ['pod convert FILE|- [--lossy] [--image APP=REF] [-o FORMAT]'],
  examples: [
    ['pod convert deployment.yaml > web.pod.yaml', 'the pod of a Deployment'],
    [
      'kubectl get pod web -o yaml | pod convert - --lossy',
      'a pod that runs in a cluster, without what only a cluster has',
    ],
    ['pod convert web.yaml --image nginx=oci:./images/nginx', 'with another image for the app nginx'],
  ],
  flags: [
    LOSSY_FLAG,
    {
      name: 'image',
      value: 'APP=REF',
      isRepeatable: true,
      completes: 'nothing',
      help: 'use this image for an app; can be repeated',
    },
    outputFlag(),
  ],
  notes: [
    'Takes YAML or JSON: a Pod, or what has the template of one: a Deployment, StatefulSet, DaemonSet or Job. A ConfigMap of the',
    'same file becomes a volume. What has no counterpart is an error, each at its place; with --lossy it is a warning, and left out.',
    '-o yaml is the default. docs/convert.md lists what becomes what.',
  ],
  completes: ['files', 'nothing'],
  run: convert,
};

async function convert(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const images = new Map(flags.all('image').map(imageFor));
  const file = readManifestFile(onlyOperand(invocation, 'FILE'));
  const converted = await convertManifest(file.text, file.path, images);
  const manifest = manifestOf(converted, file, invocation);
  const text = await render(flags.value('output') ?? 'yaml', {
    value: () => manifest,
    names: () => [nameOf(manifest)],
    text: () => formatValue(manifest, 'yaml'),
  });
  terminal.out(text);
  return 0;
}

function nameOf(manifest: unknown): string {
  return (manifest as { readonly metadata: { readonly name: string } }).metadata.name;
}

function imageFor(text: string): readonly [app: string, image: string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new PodError('cli/usage', `--image "${text}": not APP=REF`);
}
