/**
 * The scripts for the shells. They ask the `pod` of the line (`pod __complete`) what its last word may become, so they know every
 * verb, and what exists now. Each line of the answer is a candidate, with a tab and its meaning; the last tells whether files fit as well.
 * A candidate that ends with a colon is only the first part of a word.
 */
const SCRIPTS = {
  bash: [
    '# bash completion for pod',
    '_pod() {',
    '  local -a words lines',
    '  local line="${COMP_LINE:0:COMP_POINT}" tab="$(printf "\\t")" word fixed files',
    // Not COMP_WORDS, in which = and : are words of their own.
    '  read -a words <<< "$line"',
    '  [[ $line == *[[:space:]] ]] && words+=("")',
    '  word="${words[-1]}"',
    '  mapfile -t lines < <("${words[0]/#\\~/$HOME}" __complete -- "${words[@]:1}" 2>/dev/null)',
    '  COMPREPLY=()',
    '  [[ ${#lines[@]} -gt 0 ]] || return',
    '  files="${lines[-1]}"',
    '  unset "lines[-1]"',
    // Only what follows the last of them is replaced.
    '  fixed="${word%"${word##*[=:]}"}"',
    '  for line in "${lines[@]%%$tab*}"; do COMPREPLY+=("${line#"$fixed"}"); done',
    '  if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then compopt -o nospace; fi',
    '  if [[ $files == :files ]]; then',
    '    compopt -o filenames',
    '    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "${word#"$fixed"}")',
    '  fi',
    '}',
    'complete -F _pod pod',
  ],
  zsh: [
    '#compdef pod',
    '_pod() {',
    '  local -a lines described unfinished',
    '  local line tab="$(printf "\\t")" program=${~words[1]}',
    '  lines=("${(@f)$("$program" __complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")',
    '  for line in ${lines[1,-2]}; do',
    '    if [[ ${line%%$tab*} == *: ]]; then unfinished+=(${line%%$tab*})',
    '    else described+=("${${line//:/\\\\:}/$tab/:}"); fi',
    '  done',
    '  (( $#described )) && _describe candidate described',
    '  (( $#unfinished )) && compadd -S "" -- $unfinished',
    '  if [[ $lines[-1] == :files ]]; then _files; fi',
    '}',
    'compdef _pod pod',
  ],
  fish: [
    '# fish completion for pod',
    'function __pod_candidates',
    '  set -l words (commandline -opc)',
    '  set -l word (commandline -ct)',
    '  set -q word[1]; or set word ""',
    '  set -l program $words[1]',
    '  set -e words[1]',
    '  set -l lines ($program __complete -- $words $word 2>/dev/null)',
    '  set -q lines[1]; or return',
    '  set -l files $lines[-1]',
    '  set -e lines[-1]',
    '  set -q lines[1]; and printf "%s\\n" $lines',
    '  if test $files = :files',
    '    set -l fixed (string match -r -- "^--[^=]*=" $word; or echo)',
    '    for path in (__fish_complete_path (string replace -r -- "^--[^=]*=" "" $word))',
    '      echo $fixed$path',
    '    end',
    '  end',
    'end',
    'complete -c pod -f -a "(__pod_candidates)"',
  ],
} as const;

export type Shell = keyof typeof SCRIPTS;

export function completionScript(shell: Shell): string {
  return `${SCRIPTS[shell].join('\n')}\n`;
}

export const SHELLS = Object.keys(SCRIPTS) as readonly Shell[];
