import { frozenBy } from '../../pins/pins.ts';
import { onlyOperand } from '../arguments.ts';
import { render } from '../format.ts';
import { loadPlan } from '../load-launch.ts';
import { parseManifestFile, readManifestFile } from '../manifest-file.ts';
import { renderWarning } from '../report.ts';
import { writeAll, STDOUT } from '../terminal.ts';
import { FROZEN_FLAG, type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'plan',
  purpose:
    'Shows every system call pod run would make, in order, each with the manifest line that asks for it, without making any.',
  usage: ['pod plan FILE [-o FORMAT] [--hash] [--frozen]'],
  examples: [
    ['pod plan web.pod.yaml', 'print the plan for reading'],
    ['pod plan web.pod.yaml --hash', 'print a hash that changes when the launch would change'],
    ['pod plan web.pod.yaml -o json | jq', 'print the plan for a program'],
  ],
  flags: [outputFlag('text', 'tape'), { name: 'hash', help: 'print only the hash of the tape' }, FROZEN_FLAG],
  notes: ['The same manifest on the same host produces the same tape, byte for byte.'],
  completes: ['files', 'nothing'],
  run: plan,
};

async function plan(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const file = readManifestFile(onlyOperand(invocation, 'FILE'));
  const spec = await parseManifestFile(file, terminal, isQuiet);
  const planPod = await loadPlan();
  const found = await planPod(spec, {
    root,
    baseDir: file.baseDir,
    frozen: frozenBy(flags.has('frozen')),
    onWarning: (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
  });
  const format = flags.value('output') ?? 'text';
  if (flags.has('hash')) terminal.out(`${found.hash()}\n`);
  else if (format === 'tape') writeAll(STDOUT, found.toTape());
  else
    terminal.out(
      await render(format, { value: () => found.toJson(), names: () => [spec.name], text: () => found.toText() }),
    );
  return 0;
}
