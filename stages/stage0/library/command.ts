import { PodError } from '../error.ts';

/** Throws for what is no command to be executed. */
export function requireCommand(argv: unknown): void {
  if (Array.isArray(argv) && argv.length > 0 && argv.every((word) => typeof word === 'string')) return;
  throw new PodError(
    'test/options',
    `execute ${JSON.stringify(argv)}: it is no list of texts that begins with a program`,
    {
      hint: "['ls', '-l'], or ['/bin/sh', '-c', 'ls -l']",
    },
  );
}
