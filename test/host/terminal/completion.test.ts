import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { POD_BIN } from '../../harness/paths.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { TerminalProcess } from '../../harness/terminal-process.ts';

const root = useTempRoot();
const dir = join(root, 'typed here');

const MANIFEST = `apiVersion: pod/v1
kind: Pod
metadata: {name: website}
network: {mode: none}
apps: [{name: nginx, image: host, exec: [/bin/sleep, "1000"]}]
`;

/** Answers the shell's questions, and otherwise shows what it was called with. */
const POD = `#!/bin/sh
[ "$1" = __complete ] && exec ${process.execPath} ${POD_BIN} "$@"
printf 'called:'; printf ' <%s>' "$@"; echo
`;

before(async () => {
  await podOk(['run', '-d', '-'], { root, input: MANIFEST });
  mkdirSync(join(dir, 'bin'), { recursive: true });
  writeFileSync(join(dir, 'bin/pod'), POD, { mode: 0o755 });
  writeFileSync(join(dir, 'shop.pod.yaml'), MANIFEST);
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(dir, `completion.${shell}`), await podOk(['completion', shell]));
});

// zsh takes a tab as text when the rest of the line is already typed, unless it is told otherwise.
const SHELLS = {
  bash: { argv: ['bash', '--norc', '--noprofile', '-i'], setUp: 'source completion.bash' },
  zsh: {
    argv: ['zsh', '-f', '-i'],
    setUp: 'autoload -Uz compinit; compinit -u -D; zstyle ":completion:*" insert-tab false; source completion.zsh',
  },
  fish: { argv: ['fish', '-i'], setUp: 'source completion.fish' },
};

/** What is typed, with a tab where the person presses it, and the words that pod is called with. */
const TYPED: readonly (readonly [typed: string, words: readonly string[]])[] = [
  ['sto\t--help', ['stop', '--help']],
  ['ps --sel\ttier=front', ['ps', '--selector', 'tier=front']],
  [`--root ${root} rm we\t`, ['--root', root, 'rm', 'website']],
  ['wait web --for=de\t', ['wait', 'web', '--for=deleted']],
  [`logs --root ${root} website -a ng\t-f`, ['logs', '--root', root, 'website', '-a', 'nginx', '-f']],
  [`cp --root ${root} web\t/etc/hosts .`, ['cp', '--root', root, 'website:/etc/hosts', '.']],
  ['validate sho\t', ['validate', 'shop.pod.yaml']],
];

for (const [shell, { argv, setUp }] of Object.entries(SHELLS)) {
  test(`${shell} completes verbs, flag values, pods, apps and files`, async () => {
    await using terminal = new TerminalProcess(
      ['env', '-C', dir, `PATH=bin:${process.env['PATH']}`, `HOME=${dir}`, ...argv],
      [24, 200],
    );
    terminal.type(
      `${setUp}\recho set up $((6 * 7))\r`.replace('$((6 * 7))', shell === 'fish' ? '(math 6 x 7)' : '$((6 * 7))'),
    );
    await terminal.says('set up 42');
    for (const [typed, words] of TYPED) {
      terminal.forget();
      terminal.type(`pod ${typed}`);
      terminal.type('\r');
      await terminal.says(`called:${words.map((word) => ` <${word}>`).join('')}`);
    }
    terminal.type('exit\r');
    await terminal.ended();
  });
}
