import { PodError } from '../../error.ts';
import { renderCompletion, SHELLS } from '../completion-scripts.ts';
import { onlyOperand } from '../arguments.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'completion',
  purpose: 'Prints a shell completion script for verbs, flags, flag values and existing pods.',
  usage: ['pod completion bash|zsh|fish'],
  examples: [
    ['source <(pod completion bash)', 'in ~/.bashrc'],
    ['source <(pod completion zsh)', 'in ~/.zshrc, after compinit'],
    ['pod completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  flags: [],
  completes: 'shells',
  run: completion,
};

async function completion(invocation: Invocation): Promise<number> {
  const shell = onlyOperand(invocation, 'SHELL');
  if (!SHELLS.includes(shell as never))
    throw new PodError('cli/usage', `no completion for "${shell}": there is ${SHELLS.join(', ')}`);
  invocation.terminal.out(await renderCompletion(shell as (typeof SHELLS)[number], invocation.verbs));
  return 0;
}
