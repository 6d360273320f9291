import type { Flag } from './flags.ts';
import { GLOBAL_FLAGS, type Verb, type VerbEntry } from './verb.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

interface Loaded {
  readonly entry: VerbEntry;
  readonly verb: Verb;
}

/** The script for one shell, generated from the table of verbs. */
export async function renderCompletion(shell: (typeof SHELLS)[number], entries: readonly VerbEntry[]): Promise<string> {
  const verbs = await Promise.all(
    entries.map(async (entry): Promise<Loaded> => ({ entry, verb: (await entry.load()).verb })),
  );
  if (shell === 'fish') return renderFish(verbs);
  return shell === 'bash' ? renderBash(verbs) : renderZsh(verbs);
}

function words(flags: readonly Flag[]): string {
  return flags.flatMap((flag) => [`--${flag.name}`, ...(flag.short === undefined ? [] : [`-${flag.short}`])]).join(' ');
}

/** One case a verb: its flags, and a word for what its operands are. */
function cases(verbs: readonly Loaded[]): string {
  return verbs
    .map(({ entry, verb }) => {
      const names = [entry.name, ...(entry.aliases ?? [])].join('|');
      return `    ${names}) flags="${words([...verb.flags, ...GLOBAL_FLAGS])}"; operands=${verb.completes ?? 'none'} ;;`;
    })
    .join('\n');
}

/** Values of flags that have a closed set: each verb's own, and those of all. */
function valueCases(verbs: readonly Loaded[]): string {
  const own = verbs.flatMap(({ entry, verb }) =>
    verb.flags.map((flag) =>
      valueCase(
        [entry.name, ...(entry.aliases ?? [])].map((name) => `"${name} "`),
        flag,
      ),
    ),
  );
  return [...own, ...GLOBAL_FLAGS.map((flag) => valueCase(['*" "'], flag))].flat().join('\n');
}

function valueCase(verbPatterns: readonly string[], { name, short, values }: Flag): string[] {
  if (!values) return [];
  const shown = [`--${name}`, ...(short === undefined ? [] : [`-${short}`])];
  const patterns = verbPatterns.flatMap((verb) => shown.map((flag) => `${verb}${flag}`));
  return [`    ${patterns.join('|')}) values="${values.join(' ')}" ;;`];
}

function operandCases(verbs: readonly Loaded[]): string {
  return `    pods) values="$(pod ps -a -o name 2>/dev/null) $(pod ps -a -o jsonl 2>/dev/null | sed -n 's/^{"uuid":"[^"]*","name":"\\([^"]*\\)".*/\\1/p')" ;;
    shells) values="${SHELLS.join(' ')}" ;;
    verbs) values="${verbs.map(({ entry }) => entry.name).join(' ')}" ;;`;
}

function renderBash(verbs: readonly Loaded[]): string {
  return `# bash completion for pod
_pod() {
  local word="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" verb="" flags="" operands=none values="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} != -* && -z $verb ]] && verb="\${COMP_WORDS[i]}"
  done
  case "$verb $previous" in
${valueCases(verbs)}
  esac
  if [[ -n $values ]]; then COMPREPLY=($(compgen -W "$values" -- "$word")); return; fi
  if [[ -z $verb ]]; then
    COMPREPLY=($(compgen -W "${verbs.map(({ entry }) => entry.name).join(' ')} ${words(GLOBAL_FLAGS)}" -- "$word")); return
  fi
  case "$verb" in
${cases(verbs)}
  esac
  if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "$flags" -- "$word")); return; fi
  case "$operands" in
    files) COMPREPLY=($(compgen -f -- "$word")); return ;;
${operandCases(verbs)}
  esac
  COMPREPLY=($(compgen -W "$values" -- "$word"))
}
complete -o filenames -F _pod pod
`;
}

function renderZsh(verbs: readonly Loaded[]): string {
  return `#compdef pod
_pod() {
  local word="\${words[CURRENT]}" previous="\${words[CURRENT-1]}" verb="" flags="" operands=none values="" i
  for ((i = 2; i < CURRENT; i++)); do
    [[ \${words[i]} != -* && -z $verb ]] && verb="\${words[i]}"
  done
  case "$verb $previous" in
${valueCases(verbs)}
  esac
  if [[ -n $values ]]; then compadd -- \${=values}; return; fi
  if [[ -z $verb ]]; then
    if [[ $word == -* ]]; then compadd -- ${words(GLOBAL_FLAGS)}; return; fi
    local -a described=(${verbs.map(({ entry }) => quote(`${entry.name}:${entry.summary}`)).join(' ')})
    _describe verb described; return
  fi
  case "$verb" in
${cases(verbs)}
  esac
  if [[ $word == -* ]]; then compadd -- \${=flags}; return; fi
  case "$operands" in
    files) _files; return ;;
${operandCases(verbs)}
  esac
  compadd -- \${=values}
}
compdef _pod pod
`;
}

function renderFish(verbs: readonly Loaded[]): string {
  const lines = ['# fish completion for pod', 'complete -c pod -f'];
  for (const { entry, verb } of verbs) {
    const names = [entry.name, ...(entry.aliases ?? [])].join(' ');
    const here = quote(`__fish_seen_subcommand_from ${names}`);
    lines.push(`complete -c pod -n __fish_use_subcommand -a ${entry.name} -d ${quote(entry.summary)}`);
    for (const flag of verb.flags) lines.push(`complete -c pod -n ${here} ${fishFlag(flag)}`);
    if (verb.completes === 'pods') lines.push(`complete -c pod -n ${here} -a '(pod ps -a -o name 2>/dev/null)'`);
    if (verb.completes === 'files') lines.push(`complete -c pod -n ${here} -F`);
    if (verb.completes === 'shells') lines.push(`complete -c pod -n ${here} -a '${SHELLS.join(' ')}'`);
  }
  for (const flag of GLOBAL_FLAGS) lines.push(`complete -c pod ${fishFlag(flag)}`);
  return `${lines.join('\n')}\n`;
}

function fishFlag(flag: Flag): string {
  const short = flag.short === undefined ? '' : ` -s ${flag.short}`;
  const value = flag.value === undefined ? '' : flag.values ? ` -x -a ${quote(flag.values.join(' '))}` : ' -r';
  return `-l ${flag.name}${short}${value} -d ${quote(flag.help)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
