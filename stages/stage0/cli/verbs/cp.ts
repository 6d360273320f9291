import { type AppFiles, openAppFiles } from '../../copy/find-app.ts';
import { copyAcross, copyIn, copyOut, type Streams } from '../../copy/copy.ts';
import { PodError } from '../../error.ts';
import { PodStore } from '../../pod/store.ts';
import { archiveToStdout } from '../archive-output.ts';
import { isTerminal, STDOUT } from '../terminal.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'cp',
  purpose: 'Copies files and directories into a running app, or out of an app that is running or has exited.',
  usage: ['pod cp [-a APP] POD:PATH DST', 'pod cp [-a APP] SRC POD:PATH', 'pod cp [-a APP] POD:PATH POD:PATH'],
  examples: [
    ['pod cp web:/etc/nginx ./conf', 'copy a directory out of the pod'],
    ['pod cp page.html web:/srv/', 'copy a file into the pod'],
    ['pod cp web:/srv/data spare:/srv', 'copy from one pod to another'],
    ['pod cp web:/srv - | tar tv', 'write an archive to standard output'],
    ['tar c . | pod cp - web:/srv', 'read an archive from standard input'],
  ],
  flags: [appFlag('copy from or to this app; default: the first app of the pod')],
  notes: [
    'A copy keeps owner, mode and time; owners are numbered as in the pod. A directory that already exists keeps its own. If DST is an existing directory, the copy is created in it under the name of SRC; "SRC/." copies the contents of SRC.',
    'A file replaces a file, and replaces a symlink instead of following it. A directory never replaces a non-directory, nor the reverse. Files copied before an error stay.',
    'Symlinks are copied as symlinks, and holes stay holes. Mounts below SRC and sockets are left out. FIFOs and devices are copied only into an archive.',
    'Files copied from the pod to the host lose setuid bit, setgid bit and capabilities. A path in the pod never leads out of the pod, whatever the pod does during the copy.',
  ],
  completes: ['copies', 'copies', 'nothing'],
  run: copy,
};

async function copy({ flags, operands, root }: Invocation): Promise<number> {
  const [source, target] = operands;
  if (source === undefined || target === undefined || operands.length > 2)
    throw new PodError('cli/usage', `SRC and DST are required: got ${operands.length} operands`);
  if (source === '' || target === '') throw emptyPath('""');
  const from = parsePodPath(source);
  const to = parsePodPath(target);
  if (from === undefined && to === undefined)
    throw new PodError('cli/usage', 'SRC, DST or both must be in a pod, as POD:PATH', {
      hint: 'write a host path that contains a colon as ./PATH',
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
    throw new PodError('cli/usage', 'write an archive to a terminal: it would not be readable');
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
