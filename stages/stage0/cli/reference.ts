import { flagSyntax } from './help.ts';
import type { Flag } from './flags.ts';
import { GLOBAL_FLAGS, GROUPS, type Verb, type VerbEntry } from './verb.ts';
import { VERBS } from './verbs.ts';

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'success'],
  ['1', 'failure; `validate` found errors; `diff` found differences; `wait` timed out'],
  ['2', 'the command line is wrong, except in `run` and `exec`; `diff` failed'],
  ['3', '`apply`, `rollout`, `delete`: a pod of the set is not as it should be'],
  ['125', '`run`, `exec`: pod itself failed, usage and manifest errors included'],
  ['126, 127', '`run`, `exec`: the command cannot be executed, does not exist'],
  ['128+N', '`run`, `exec`: killed by signal N'],
  ['141', 'the reader of the output has exited'],
  [
    'other',
    "`run`, `exec`: the app's own code. With several apps: the first code that is not 0, in manifest order, among apps that may end; 125 if there is none and an app was never started because of another",
  ],
];

/** The text of `docs/cli.md`, from the same table as help and completion. */
export async function renderReference(): Promise<string> {
  const parts = [
    '# The command line',
    'Generated from the table of verbs in `stages/stage0/cli/`: `UPDATE=1 node test/run.mjs cli/docs` regenerates this page.',
    'A POD is a uuid, a unique prefix of one, or a name. DUR is written `500ms`, `10s`, `5m`, `2h`, `1d`. Results go to standard output, messages and progress to standard error.',
    '## Everywhere',
    flagTable(GLOBAL_FLAGS),
    '## Exit codes',
    table(['exit', 'means'], EXIT_CODES),
  ];
  for (const group of GROUPS) {
    parts.push(`## ${group}`);
    for (const entry of VERBS.filter((one) => one.group === group))
      parts.push(renderVerb(entry, (await entry.load()).verb));
  }
  return `${parts.join('\n\n')}\n`;
}

function renderVerb({ aliases }: VerbEntry, verb: Verb): string {
  const parts = [
    `### pod ${verb.name}`,
    verb.purpose,
    block(verb.usage),
    block(verb.examples.map(([command, meaning]) => `${command}  # ${meaning}`)),
  ];
  if (aliases) parts.push(`Also: ${aliases.map((alias) => `\`pod ${alias}\``).join(', ')}.`);
  if (verb.flags.length > 0) parts.push(flagTable(verb.flags));
  if (verb.notes) parts.push(verb.notes.join('\n'));
  return parts.join('\n\n');
}

function flagTable(flags: readonly Flag[]): string {
  return table(
    ['flag', 'means'],
    flags.map((flag) => [`\`${flagSyntax(flag)}\``, flag.help]),
  );
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ').replaceAll('||', '\\|\\|')} |`).join('\n');
}

function block(lines: readonly string[]): string {
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}
