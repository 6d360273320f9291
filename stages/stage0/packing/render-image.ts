import { MappedSink } from '../copy/mapped-sink.ts';
import { writeFailure } from '../copy/faults.ts';
import { TreeReader } from '../copy/read-tree.ts';
import { PodError } from '../error.ts';
import { TempDir } from '../image/store.ts';
import type { TarEntry, TarSink } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import type { Faults } from '../image/unpack/failure.ts';
import { LayerWriter } from '../image/unpack/layer-writer.ts';
import { OwnedSink } from '../image/unpack/owned-sink.ts';
import { isOfHost } from './archive-form.ts';
import { inTurns } from './in-turns.ts';
import { mountImage } from './mount-image.ts';
import { NewTree } from './new-tree.ts';
import { type ImageTicket, openStored } from './stored-image.ts';

/**
 * Copies the image's root file system, as the kernel shows it to a pod, to a new directory. `ids`: as in `ResolveOptions`. The
 * files are written as those of layers are, below a descriptor of the directory and never by a path of the image's.
 */
export async function renderImage(ticket: ImageTicket, path: string, signal: AbortSignal, ids?: number): Promise<void> {
  const image = openStored(ticket, 'render');
  using temp = TempDir.create(image.store);
  using mounted = mountImage(image.mounts, `${temp.path}/empty`, ids === undefined ? 'trusted' : 'user');
  using tree = new NewTree(path);
  using writer = new LayerWriter(tree.fd.number, faultsOf(path), undefined, 'none');
  const mounts = new Set(image.mounts.map(({ target }) => `.${target}`).filter((target) => target !== './'));
  const reader = new TreeReader(sinkFor(writer, ids, path), { owner: 0, mounts });
  await inTurns(reader.steps({ dirFd: mounted.root.number, name: '', label: ticket.ref }, '.'), signal);
  writer.finish();
  tree.publish();
}

function sinkFor(writer: TarSink, ids: number | undefined, path: string): TarSink {
  const sink = ids === undefined ? writer : new OwnedSink(writer, ids, `"${path}"`);
  return new MappedSink(sink, (entry: TarEntry) => ({
    ...entry,
    xattrs: entry.xattrs.filter(([name]) => !isOfHost(name)),
  }));
}

/** What was unpacked once breaks no bounds; what a directory in use holds may. */
function faultsOf(path: string): Faults {
  const unfit = (what: string): PodError => new PodError('host/refused', `render to "${path}": ${what}`);
  return {
    hostile: unfit,
    corrupt: unfit,
    failed: (error, entryPath) =>
      writeFailure(error, `render to "${path}"${entryPath === undefined ? '' : `, "${printable(entryPath)}"`}`),
  };
}
