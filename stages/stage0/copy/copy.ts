import { fstatSync } from 'node:fs';
import { posix } from 'node:path';
import { O_PATH, RESOLVE_NO_MAGICLINKS } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { bytePath, tryOpenat2 } from '../../linux/file.ts';
import { PodError } from '../error.ts';
import type { TarEntry, TarSink } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import { TarWriter } from '../image/tar/writer.ts';
import { kindOf } from '../image/unpack/clash.ts';
import { LayerWriter } from '../image/unpack/layer-writer.ts';
import { copyFaults } from './faults.ts';
import type { AppFiles } from './find-app.ts';
import { harmless, insideOf, MappedSink, outsideOf } from './mapped-sink.ts';
import { missing, openDirectory, partPath, type Place, shown } from './place.ts';
import { readArchive } from './read-archive.ts';
import { type TreeOptions, TreeReader } from './read-tree.ts';

export interface Streams {
  readonly write: (bytes: Uint8Array) => void;
  readonly stdin: number;
}

type Map = (entry: TarEntry) => TarEntry | undefined;
type Read = (sink: TarSink, name: string, isCopy?: IsCopy) => void;
type IsCopy = NonNullable<TreeOptions['isCopy']>;

const HOST: Place = { rootFd: undefined };

export function copyOut(files: AppFiles, source: string, target: string, streams: Streams): void {
  requireLeft(files, source);
  const place = { rootFd: files.root.number };
  const inside = insideOf(files.owners);
  if (target === '-') {
    const writer = new TarWriter(streams.write);
    readInto(place, source, partPath(source).name, new MappedSink(writer, inside));
    writer.finish();
    return;
  }
  writeBelow(
    HOST,
    source,
    target,
    (entry) => (isSpecial(entry) ? undefined : harmless(inside(entry))),
    (sink, name, isCopy) => readInto(place, source, name, sink, isCopy),
  );
}

/** An empty directory in the place of a volume would look like all there was. */
function requireLeft({ volumes }: AppFiles, path: string): void {
  const wanted = `${posix.normalize(`/${path}`).replace(/\/$/, '')}/`;
  const above = volumes.filter((one) => wanted.startsWith(`${one.path.replace(/\/$/, '')}/`));
  // The innermost; they stand in the order they were mounted in.
  const volume = above.at(-1);
  if (volume?.gone === undefined) return;
  throw new PodError('pod/state', `copy "${shown(path)}": volume "${volume.name}" ended with the pod`, {
    hint: volume.gone,
  });
}

export function copyIn(files: AppFiles, source: string, target: string, streams: Streams): void {
  const place = placeToWrite(files);
  const outside = outsideOf(files.owners);
  const map = (entry: TarEntry): TarEntry | undefined => (isSpecial(entry) ? undefined : outside(entry));
  if (source === '-') {
    using directory = openDirectory(place, target);
    if (!directory) throw missing(target);
    write(place, directory.number, target, map, 'archive', '', (sink) => readArchive(streams.stdin, sink));
    return;
  }
  writeBelow(place, source, target, map, (sink, name, isCopy) => readInto(HOST, source, name, sink, isCopy));
}

/** From one pod to another, or within one. */
export function copyAcross(from: AppFiles, source: string, to: AppFiles, target: string): void {
  requireLeft(from, source);
  const inside = insideOf(from.owners);
  const outside = outsideOf(to.owners);
  writeBelow(
    placeToWrite(to),
    source,
    target,
    (entry) => (isSpecial(entry) ? undefined : outside(inside(entry))),
    (sink, name, isCopy) => readInto({ rootFd: from.root.number }, source, name, sink, isCopy),
  );
}

function placeToWrite({ root, owners, isOver }: AppFiles): Place {
  if (isOver)
    throw new PodError('pod/state', 'copy into the pod: it has exited', { hint: 'what has exited can be copied from' });
  return { rootFd: root.number, owner: owners.outside(0, '/') };
}

/** In a directory that exists, under the source's name; else under the name that does not. */
function writeBelow(place: Place, source: string, target: string, map: Map, read: Read): void {
  using existing = openDirectory(place, target);
  if (existing) return write(place, existing.number, target, map, 'tree', partPath(source).name, read);
  const { directory, name } = partPath(target);
  using parent = name === '' || target.endsWith('/') ? undefined : openDirectory(place, directory);
  if (!parent) throw missing(name === '' || target.endsWith('/') ? target : directory);
  if (place === HOST) requireNoDevice(parent.number, name, target);
  write(place, parent.number, target, map, 'tree', name, read);
}

/** A symlink gives way to a file, but not one like /dev/stdout: whoever names it does not mean the link. */
function requireNoDevice(directory: number, name: string, target: string): void {
  const opened = tryOpenat2(directory, bytePath(name), O_PATH, RESOLVE_NO_MAGICLINKS);
  if (opened === -ERRNO.ENOENT) return;
  if (opened < 0)
    throw new PodError('host/refused', `copy to "${shown(target)}": ${new SyscallError('openat2', -opened).message}`);
  using found = new Fd(opened);
  const kind = kindOf(fstatSync(found.number));
  if (kind === 'file' || kind === 'directory') return;
  throw new PodError('host/refused', `copy to "${shown(target)}": it is a ${kind}`, {
    hint: 'with - for DST, an archive goes to standard output',
  });
}

function write(
  { owner = 0 }: Place,
  directory: number,
  target: string,
  map: Map,
  from: 'tree' | 'archive',
  name: string,
  read: Read,
): void {
  const label = shown(target);
  using writer = new LayerWriter(directory, copyFaults(label, from), { owner, target: label });
  const sink = new MappedSink(writer, map);
  read(sink, name, (found) => writer.hasMade(found));
  writer.finish();
  if (sink.nothingBut) throw onlySpecial(sink.nothingBut);
}

function readInto(place: Place, source: string, prefix: string, sink: TarSink, isCopy?: IsCopy): void {
  const { directory, name } = partPath(source);
  using parent = openDirectory(place, directory);
  if (!parent) throw missing(directory);
  new TreeReader(sink, isCopy && { isCopy }).read({ dirFd: parent.number, name, label: shown(source) }, prefix);
}

function isSpecial({ type }: TarEntry): boolean {
  return type === 'char' || type === 'block' || type === 'fifo';
}

function onlySpecial({ path, type }: TarEntry): PodError {
  return new PodError('host/refused', `copy "${printable(path)}": it is a ${type === 'fifo' ? 'FIFO' : 'device'}`, {
    hint: 'FIFOs and devices go into an archive only, with - for DST',
  });
}
