import { PodError } from '../error.ts';

/** Throws when `argv` is not an executable command. */
export function requireCommand(argv: unknown): void {
  if (Array.isArray(argv) && argv.length > 0 && argv.every(isWord)) return;
  throw new PodError(
    'test/options',
    `execute ${JSON.stringify(argv)}: a command is a list of strings without NUL, the program first`,
    {
      hint: "['ls', '-l'], or ['/bin/sh', '-c', 'ls -l']",
    },
  );
}

/** execve(2) would truncate the word at a NUL. */
function isWord(word: unknown): boolean {
  return typeof word === 'string' && !word.includes('\0');
}
