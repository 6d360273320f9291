import { noOperands } from '../arguments.ts';
import { formatValue, isStructured } from '../format.ts';
import { packageVersion } from '../package-dir.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'version',
  purpose: 'Prints the version.',
  usage: ['pod version [-o json]'],
  examples: [['pod version', 'pod 0.1.0']],
  flags: [outputFlag('table', 'json', 'yaml', 'jsonl')],
  run: version,
};

async function version(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const format = invocation.flags.value('output') ?? 'table';
  const found = { version: packageVersion(), node: process.versions.node, arch: process.arch };
  invocation.terminal.out(isStructured(format) ? await formatValue(found, format) : `pod ${found.version}\n`);
  return 0;
}
