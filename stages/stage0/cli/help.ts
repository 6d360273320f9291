import { STDOUT, type Terminal } from './terminal.ts';
import type { Flag } from './flags.ts';
import { GLOBAL_FLAGS, GROUPS, type Verb, type VerbEntry } from './verb.ts';

/** `pod --help`: every verb that works, by what one wants to do. */
export function renderOverview(terminal: Terminal, verbs: readonly VerbEntry[]): string {
  const bold = (text: string): string => terminal.paint(STDOUT, 'bold', text);
  const width = Math.max(...verbs.map((verb) => verb.name.length));
  const lines = [
    'pod runs pods: apps that share a network, each in a root file system of its own, from one manifest.',
    '',
    `${bold('Usage:')} pod VERB [FLAGS] …`,
    '',
    `${bold('Examples:')}`,
    ...examples([
      ['pod run hello.pod.yaml', 'run a pod and show its output'],
      ['pod run -d web.pod.yaml', 'run it in the background; print its uuid'],
      ['pod exec web -- ls /', 'run a command inside a running pod'],
      ['pod plan web.pod.yaml', 'show every system call the launch would make'],
    ]),
  ];
  for (const group of GROUPS) {
    const members = verbs.filter((verb) => verb.group === group);
    lines.push('', bold(`${group}:`), ...members.map((verb) => `  ${verb.name.padEnd(width)}  ${verb.summary}`));
  }
  lines.push('', bold('Everywhere:'), ...flagLines(GLOBAL_FLAGS), '', 'Run pod VERB --help for the help of a verb.');
  return `${lines.join('\n')}\n`;
}

/** `pod VERB --help`. */
export function renderVerbHelp(terminal: Terminal, verb: Verb): string {
  const bold = (text: string): string => terminal.paint(STDOUT, 'bold', text);
  const lines = [verb.purpose, '', bold('Usage:'), ...verb.usage.map((usage) => `  ${usage}`)];
  lines.push('', bold('Examples:'), ...examples(verb.examples));
  if (verb.flags.length > 0) lines.push('', bold('Flags:'), ...flagLines(verb.flags));
  lines.push('', bold('Everywhere:'), ...flagLines(GLOBAL_FLAGS));
  if (verb.notes) lines.push('', ...verb.notes);
  return `${lines.join('\n')}\n`;
}

function examples(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([command]) => command.length));
  return pairs.map(([command, meaning]) => `  ${command.padEnd(width)}  # ${meaning}`);
}

export function flagSyntax(flag: Flag): string {
  const value = flag.value === undefined ? '' : flag.isValueOptional ? `[=${flag.value}]` : ` ${flag.value}`;
  return `${flag.short === undefined ? '' : `-${flag.short}, `}--${flag.name}${value}`;
}

function flagLines(flags: readonly Flag[]): string[] {
  const width = Math.max(...flags.map((flag) => flagSyntax(flag).length));
  return flags.map((flag) => `  ${flagSyntax(flag).padEnd(width)}  ${flag.help}`);
}
