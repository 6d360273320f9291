import { PodError } from '../../error.ts';
import { completionScript, type Shell, SHELLS } from '../completion-scripts.ts';
import { onlyOperand } from '../arguments.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'completion',
  purpose: 'Prints a shell completion script for verbs, flags, files, and the pods, apps and sets that exist.',
  usage: ['pod completion bash|zsh|fish'],
  examples: [
    ['source <(pod completion bash)', 'in ~/.bashrc'],
    ['source <(pod completion zsh)', 'in ~/.zshrc, after compinit'],
    ['pod completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
  flags: [],
  completes: [SHELLS, 'nothing'],
  run: completion,
};

function completion(invocation: Invocation): number {
  const shell = onlyOperand(invocation, 'SHELL');
  if (!SHELLS.includes(shell as Shell))
    throw new PodError('cli/usage', `no completion for "${shell}": there is ${SHELLS.join(', ')}`);
  invocation.terminal.out(completionScript(shell as Shell));
  return 0;
}
