import { type Bytes, sym, type Tape, type Text } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/** The default of execvp(3) when the environment has no PATH. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function pointers(tape: Tape, strings: readonly Text[]): Bytes {
  return [...strings.map((text) => tape.text(text)), new Uint8Array(8)];
}

/** The files to try for a command, in the order of PATH; a command with a slash is used as it is. */
function candidates(command: string, path: string): string[] {
  // An empty command must not be resolved to a directory of PATH.
  if (command === '' || command.includes('/')) return [command];
  // An empty element means the working directory, as in execvp(3).
  return path.split(':').map((directory) => `${directory || '.'}/${command}`);
}

/** A symbol, so that pods that differ only in their name share one plan. */
const HOSTNAME: Text = ['HOSTNAME=', sym('hostname')];

/** Defined by the App Container specification. The URL contains a token, which is new for each start. */
const METADATA_URL: Text = ['AC_METADATA_URL=', sym('metadataUrl')];

function environmentOf({ app, env, hasMetadata }: ProcessPlan): Text[] {
  const own = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const hostname = 'HOSTNAME' in env ? [] : [HOSTNAME];
  return [...own, ...hostname, ...(hasMetadata ? [`AC_APP_NAME=${app}`, METADATA_URL] : [])];
}

/**
 * One execve for each directory of PATH. Like execvp(3), goes on after directories that the user may not search and files that may
 * not be executed. If the tape reaches its end, the command was not found: the tolerated errno distinguishes "not found" (127) from
 * "cannot run" (126).
 */
export function executeProgram(tape: Tape, process: ProcessPlan): void {
  const { argv, env, places, labels = [] } = process;
  const command = argv[0];
  if (command === undefined) throw new Error(`app "${process.app}" has no command`);
  const args = tape.bytes(pointers(tape, argv));
  const environment = tape.bytes(pointers(tape, environmentOf(process)));
  for (const file of candidates(command, env['PATH'] ?? DEFAULT_PATH)) {
    tape.call('execve', [tape.text(file), args, environment], {
      at: places.exec ?? places.app,
      why: [`execute ${JSON.stringify(command)}`, ...labels.map(({ why }) => `to ${why}`)].join(', '),
      hints: Object.assign({}, ...labels.map(({ hints }) => hints?.execve)),
      tolerate: ['ENOENT', 'ENOTDIR', 'EACCES'],
    });
  }
}
