import { PodError } from '../../error.ts';
import { readIfThere } from '../../pod/files.ts';
import { POD_FILES } from '../../pod/layout.ts';
import { PodStore } from '../../pod/store.ts';
import { wherever } from '../../pod/wherever.ts';
import { onlyOperand } from '../arguments.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'cat-manifest',
  purpose: 'Prints the manifest a pod was created from.',
  usage: ['pod cat-manifest POD'],
  examples: [['pod cat-manifest web > web.pod.yaml', 'write the manifest to a file']],
  flags: [],
  completes: ['pods', 'nothing'],
  run: catManifest,
};

function catManifest(invocation: Invocation): number {
  const store = new PodStore(invocation.root);
  const pod = store.find(onlyOperand(invocation, 'POD'));
  const text = wherever(store, pod.uuid, (path = pod.path) => readIfThere(`${path}/${POD_FILES.manifest}`));
  if (text === undefined)
    throw new PodError('state/io', `read the manifest of pod ${pod.uuid}: the pod died before it was stored`);
  invocation.terminal.out(text);
  return 0;
}
