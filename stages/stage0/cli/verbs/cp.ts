import { type AppFiles, openAppFiles } from '../../copy/find-app.ts';
import { copyAcross, copyIn, copyOut, type Streams } from '../../copy/copy.ts';
import { PodError } from '../../error.ts';
import { PodStore } from '../../pod/store.ts';
import { archiveToStdout } from '../archive-output.ts';
import { isTerminal, STDOUT } from '../terminal.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'cp',
  purpose: 'Copies files and directories into a running app, and out of one that runs or has run.',
  usage: ['pod cp [-a APP] POD:PATH DST', 'pod cp [-a APP] SRC POD:PATH', 'pod cp [-a APP] POD:PATH POD:PATH'],
  examples: [
    ['pod cp web:/etc/nginx ./conf', 'a directory out of the pod'],
    ['pod cp page.html web:/srv/', 'a file into it'],
    ['pod cp web:/srv/data spare:/srv', 'from one pod to another'],
    ['pod cp web:/srv - | tar tv', 'as an archive on standard output'],
    ['tar c . | pod cp - web:/srv', 'from one on standard input'],
  ],
  flags: [{ name: 'app', short: 'a', value: 'APP', help: "of this app; without it the pod's first" }],
  notes: [
    'Owner, mode and time are kept, owners as the pod numbers them; a directory that exists keeps its own. In a directory that exists, DST is made under the name of SRC; "SRC/." is what SRC holds.',
    'A file takes the place of a file, and of a symlink instead of following it; a directory and what is none never replace each other. What was copied before an error stays.',
    'A symlink is copied as one, and holes stay holes. What is mounted below SRC is left out, and so are sockets; FIFOs and devices go into an archive only.',
    "In the host's directories, files of the pod have no setuid bit, setgid bit or capabilities. Paths of the pod lead nowhere out of it, whatever the pod does meanwhile.",
  ],
  completes: 'files',
  run: copy,
};

async function copy({ flags, operands, root }: Invocation): Promise<number> {
  const [source, target] = operands;
  if (source === undefined || target === undefined || operands.length > 2)
    throw new PodError('cli/usage', `SRC and DST are wanted: got ${operands.length} operands`);
  if (source === '' || target === '') throw emptyPath('""');
  const from = parsePodPath(source);
  const to = parsePodPath(target);
  if (from === undefined && to === undefined)
    throw new PodError('cli/usage', 'SRC, DST or both are to be in a pod, as POD:PATH', {
      hint: 'a path of the host that holds a colon is written ./PATH',
    });
  const store = new PodStore(root);
  const open = ({ pod }: PodPath): AppFiles => openAppFiles(store, store.find(pod), flags.value('app'));
  if (from && to) {
    using there = open(from);
    using here = open(to);
    copyAcross(there, from.path, here, to.path);
    return 0;
  }
  if (from && target === '-' && isTerminal(STDOUT))
    throw new PodError('cli/usage', 'write an archive on a terminal: it would not be readable');
  using files = open((from ?? to)!);
  const streams: Streams = { write: archiveToStdout(), stdin: 0 };
  if (from) copyOut(files, from.path, target, streams);
  else copyIn(files, source, to!.path, streams);
  return 0;
}

interface PodPath {
  readonly pod: string;
  readonly path: string;
}

/** Undefined for a path of the host: one that has a slash before its first colon, or no colon. */
function parsePodPath(text: string): PodPath | undefined {
  const colon = text.indexOf(':');
  if (colon <= 0 || text.slice(0, colon).includes('/')) return undefined;
  if (colon === text.length - 1) throw emptyPath(`"${text}"`, `${text}/ is the root of the app`);
  return { pod: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Of a variable that is not set, mostly: neither all there is nor the current directory is meant. */
function emptyPath(shown: string, hint?: string): PodError {
  return new PodError('cli/usage', `copy: ${shown} names no file`, { hint });
}
