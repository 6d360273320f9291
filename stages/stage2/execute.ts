import { type Bytes, sym, type Tape, type Text } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** What execvp(3) uses when the environment has none. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function pointers(tape: Tape, strings: readonly Text[]): Bytes {
  return [...strings.map((text) => tape.text(text)), new Uint8Array(8)];
}

/** The files to try for a command, in the order of PATH; one that has a slash is itself. */
function candidates(command: string, path: string): string[] {
  // Behind a directory of PATH, nothing is that directory.
  if (command === '' || command.includes('/')) return [command];
  // An empty element means the working directory, as in execvp(3).
  return path.split(':').map((directory) => `${directory || '.'}/${command}`);
}

/** A symbol, so that pods that differ in nothing but their name have one plan. */
const HOSTNAME: Text = ['HOSTNAME=', sym('hostname')];

/** The App Container specification's; the URL holds a token that each start makes anew. */
const METADATA_URL: Text = ['AC_METADATA_URL=', sym('metadataUrl')];

function environmentOf({ app, env, hasMetadata }: ProcessPlan): Text[] {
  const own = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const hostname = 'HOSTNAME' in env ? [] : [HOSTNAME];
  return [...own, ...hostname, ...(hasMetadata ? [`AC_APP_NAME=${app}`, METADATA_URL] : [])];
}

/**
 * One execve for each place PATH names; as execvp(3), past directories that the user may not search and files that may not be run.
 * A tape that comes to its end has found the command nowhere: the errno it tolerated tells "not found" (127) from "cannot run" (126).
 */
export function executeProgram(tape: Tape, process: ProcessPlan): void {
  const { argv, env, places } = process;
  const command = argv[0];
  if (command === undefined) throw new Error(`app "${process.app}" has no command`);
  const args = tape.bytes(pointers(tape, argv));
  const environment = tape.bytes(pointers(tape, environmentOf(process)));
  for (const file of candidates(command, env['PATH'] ?? DEFAULT_PATH)) {
    tape.call('execve', [tape.text(file), args, environment], {
      at: places.exec ?? places.app,
      why: `execute ${JSON.stringify(command)}`,
      tolerate: ['ENOENT', 'ENOTDIR', 'EACCES'],
    });
  }
}
