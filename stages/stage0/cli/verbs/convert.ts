import { convertManifest } from '../../convert/convert.ts';
import { onlyOperand } from '../arguments.ts';
import { CONVERSION_FLAGS, imagesIn, reportConversion } from '../converted-output.ts';
import { formatValue, render } from '../format.ts';
import { readManifestFile } from '../manifest-file.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'convert',
  purpose: 'Prints the pod/v1 manifest of a pod that is described for Kubernetes or rkt.',
  usage: ['pod convert FILE|- [--lossy] [--image APP=REF] [--name N] [-o FORMAT]'],
  examples: [
    ['pod convert deployment.yaml > web.pod.yaml', 'the pod of a Deployment'],
    [
      'kubectl get pod web -o yaml | pod convert - --lossy',
      'a pod that runs in a cluster, without what only a cluster has',
    ],
    ['pod convert pod.json --image worker=docker://registry.example/worker:1 --name work', 'a pod manifest of rkt'],
    ['pod convert web.yaml --image nginx=oci:./images/nginx', 'with another image for the app nginx'],
  ],
  flags: [...CONVERSION_FLAGS, { name: 'name', value: 'N', help: 'the name of the pod' }],
  notes: [
    'Takes YAML or JSON. Of Kubernetes: a Pod, or what has the template of one: a Deployment, StatefulSet, DaemonSet or Job; a',
    'ConfigMap of the same file becomes a volume. Of appc: a PodManifest or an ImageManifest; pod does not fetch their images. What',
    'has no counterpart is an error, each at its place; with --lossy it is a warning, and left out.',
    '-o yaml is the default. docs/convert.md lists what becomes what.',
  ],
  completes: ['files', 'nothing'],
  run: convert,
};

async function convert(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const file = readManifestFile(onlyOperand(invocation, 'FILE'));
  const converted = await convertManifest(file.text, file.path, {
    images: imagesIn(flags),
    name: flags.value('name'),
  });
  reportConversion(converted, file, { ...invocation, isLossy: flags.has('lossy') });
  const { manifest } = converted;
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
