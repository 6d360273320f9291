import { closeSync, openSync, statSync } from 'node:fs';
import { openAppFiles } from '../../copy/find-app.ts';
import { fileFailure } from '../../copy/faults.ts';
import { insideOf, MappedSink } from '../../copy/mapped-sink.ts';
import { TreeReader } from '../../copy/read-tree.ts';
import { PodError } from '../../error.ts';
import { TarWriter } from '../../image/tar/writer.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { archiveOutput, archiveToStdout } from '../archive-output.ts';
import { isTerminal, STDOUT } from '../terminal.ts';
import { writeWholeFile } from '../whole-file.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'export',
  purpose: "Writes an app's root file system as a tar archive.",
  usage: ['pod export POD [-a APP] -O FILE'],
  examples: [
    ['pod export web -O web.tar', 'write an archive; run it again with "image: tar:web.tar"'],
    ['pod export web -O - | zstd > web.tar.zst', 'write the archive to standard output'],
  ],
  flags: [
    appFlag('export this app; default: the first app of the pod'),
    {
      name: 'output-file',
      short: 'O',
      value: 'FILE',
      isPath: true,
      help: 'write the archive to FILE; - is standard output',
    },
  ],
  notes: [
    'The archive holds the image and the changes the app made to it. Mounts are left out: volumes, /proc, /sys and /dev become empty directories.',
    'Owners are numbered as in the pod: 0 is its root, and 65534 stands for owners that have no id in the pod. The pod keeps running during the export: pause it for a consistent snapshot.',
  ],
  completes: ['pods', 'nothing'],
  run: exportApp,
};

function exportApp(invocation: Invocation): number {
  const { flags, root } = invocation;
  const query = onlyOperand(invocation, 'POD');
  const path = flags.value('output-file');
  if (path === undefined)
    throw new PodError('cli/usage', '-O FILE is missing', { hint: `pod export ${query} -O FILE` });
  if (path === '-' && isTerminal(STDOUT))
    throw new PodError('cli/usage', 'write an archive to a terminal: it would not be readable', {
      hint: 'name a file, or pipe it into a program',
    });
  const store = new PodStore(root);
  using files = openAppFiles(store, store.find(query), flags.value('app'));
  const write = (output: (bytes: Uint8Array) => void): void => {
    const writer = new TarWriter(output);
    const sink = new MappedSink(writer, insideOf(files.owners));
    const options = { owner: files.owners.outside(0, '/'), mounts: files.imageMounts };
    new TreeReader(sink, options).read({ dirFd: files.root.number, name: '', label: '/' }, '');
    writer.finish();
  };
  if (path === '-') write(archiveToStdout());
  else writeToFile(path, (fd) => write(archiveOutput(fd, `"${path}"`)));
  return 0;
}

function writeToFile(path: string, write: (fd: number) => void): void {
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there && !there.isFile()) writeInto(path, write);
    else writeWholeFile(path, write);
  } catch (error) {
    throw fileFailure(error, `write "${path}"`);
  }
}

/** A FIFO or a device is written to, never replaced. */
function writeInto(path: string, write: (fd: number) => void): void {
  const fd = openSync(path, 'w');
  try {
    write(fd);
  } finally {
    closeSync(fd);
  }
}
