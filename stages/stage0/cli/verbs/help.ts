import { PodError } from '../../error.ts';
import { nearest } from '../../pod/nearest.ts';
import { renderOverview, renderVerbHelp } from '../help.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'help',
  purpose: 'Lists the verbs, or shows the help of one verb.',
  usage: ['pod help [VERB]'],
  examples: [['pod help run', 'the same as pod run --help']],
  flags: [],
  completes: ['verbs', 'nothing'],
  run: help,
};

async function help({ operands, terminal, verbs }: Invocation): Promise<number> {
  const [name] = operands;
  if (name === undefined) terminal.out(renderOverview(terminal, verbs));
  else {
    const entry = verbs.find((one) => one.name === name || one.aliases?.includes(name));
    if (!entry) throw unknown(name, verbs);
    terminal.out(renderVerbHelp(terminal, (await entry.load()).verb));
  }
  return 0;
}

function unknown(name: string, verbs: Invocation['verbs']): PodError {
  const near = nearest(
    name,
    verbs.map((entry) => entry.name),
  );
  return new PodError('cli/usage', `unknown verb "${name}"`, {
    hint: near === undefined ? undefined : `did you mean "${near}"?`,
  });
}
