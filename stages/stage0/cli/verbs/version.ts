import { noOperands } from '../arguments.ts';
import { render } from '../format.ts';
import { packageVersion } from '../package-dir.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'version',
  purpose: 'Prints the version.',
  usage: ['pod version [-o FORMAT]'],
  examples: [['pod version', 'pod 0.1.0']],
  flags: [outputFlag()],
  run: version,
};

async function version(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const format = invocation.flags.value('output') ?? 'table';
  const found = { version: packageVersion(), node: process.versions.node, arch: process.arch };
  const shown = await render(format, {
    value: () => found,
    names: () => [found.version],
    text: () => `pod ${found.version}\n`,
  });
  invocation.terminal.out(shown);
  return 0;
}
