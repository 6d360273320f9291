import { frozenBy } from '../../pins/pins.ts';
import { onlyOperand } from '../arguments.ts';
import { loadPrepare } from '../load-launch.ts';
import { readManifestFile } from '../manifest-file.ts';
import { newProgress } from '../progress.ts';
import { renderWarning } from '../report.ts';
import { FROZEN_FLAG, type Invocation, NET_FLAG, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'prepare',
  purpose:
    'Prepares a pod without starting it: checks the manifest, unpacks the images, compiles the pod and prints its uuid.',
  usage: ['pod prepare [--name N] [--net MODE] [--frozen] FILE|-'],
  examples: [
    ['pod prepare web.pod.yaml', 'print the uuid for pod run-prepared'],
    ['pod run-prepared -d web', 'start the prepared pod'],
  ],
  flags: [
    { name: 'name', value: 'N', help: 'use this name instead of the one in the manifest' },
    NET_FLAG,
    FROZEN_FLAG,
  ],
  notes: [
    'A prepared pod holds its name, but no address, port or user ids: it takes them when it starts. pod rm removes a prepared',
    'pod; pod gc removes it if it has not been started within 24 hours.',
  ],
  completes: ['files', 'nothing'],
  run: prepare,
};

async function prepare(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const file = readManifestFile(onlyOperand(invocation, 'FILE'));
  const progress = newProgress(invocation);
  const { preparePod } = await loadPrepare();
  try {
    const uuid = await preparePod(
      { ...file, name: flags.value('name'), network: flags.value('net') },
      {
        root,
        baseDir: file.baseDir,
        stdin: false,
        autoRemove: false,
        frozen: frozenBy(flags.has('frozen')),
        onProgress: progress.show,
        onWarning: (warning) => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
      },
    );
    progress.finish();
    terminal.out(`${uuid}\n`);
  } finally {
    progress.finish();
  }
  return 0;
}
