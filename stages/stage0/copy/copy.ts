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
type IsCopy = NonNullable<TreeOptions['isCopy']>;
type Read = (sink: TarSink, name: string, isCopy: IsCopy) => void;

/** Where a copy goes, and what becomes of each entry there. */
interface Target {
  readonly place: Place;
  readonly path: string;
  readonly map: Map;
}

const HOST: Place = { rootFd: undefined };

export function copyOut(files: AppFiles, source: string, target: string, streams: Streams): void {
  requireLeft(files, source);
  const place = placeOf(files);
  const inside = insideOf(files.owners);
  if (target === '-') {
    const writer = new TarWriter(streams.write);
    readInto(place, source, new MappedSink(writer, inside), partPath(source).name);
    writer.finish();
    return;
  }
  const map = withoutSpecial((entry) => harmless(inside(entry)));
  writeBelow({ place: HOST, path: target, map }, source, (...into) => readInto(place, source, ...into));
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
  requireRunning(files);
  const to = { place: placeOf(files), path: target, map: withoutSpecial(outsideOf(files.owners)) };
  if (source === '-') {
    using directory = openDirectory(to.place, target);
    if (!directory) throw missing(target);
    write(to, directory.number, 'archive', (sink) => readArchive(streams.stdin, sink));
    return;
  }
  writeBelow(to, source, (...into) => readInto(HOST, source, ...into));
}

/** From one pod to another, or within one. */
export function copyAcross(from: AppFiles, source: string, to: AppFiles, target: string): void {
  requireLeft(from, source);
  requireRunning(to);
  const inside = insideOf(from.owners);
  const outside = outsideOf(to.owners);
  const map = withoutSpecial((entry) => outside(inside(entry)));
  writeBelow({ place: placeOf(to), path: target, map }, source, (...into) => readInto(placeOf(from), source, ...into));
}

function placeOf({ root, owners }: AppFiles): Place {
  return { rootFd: root.number, owner: owners.outside(0, '/') };
}

function requireRunning({ isOver }: AppFiles): void {
  if (isOver)
    throw new PodError('pod/state', 'copy into the pod: it has exited', {
      hint: 'files can only be copied out of an exited pod',
    });
}

/** In a directory that exists, under the source's name; else under the name that does not. */
function writeBelow(to: Target, source: string, read: Read): void {
  const { place, path } = to;
  using existing = openDirectory(place, path);
  if (existing) return write(to, existing.number, 'tree', (sink, isCopy) => read(sink, partPath(source).name, isCopy));
  const { directory, name } = partPath(path);
  using parent = name === '' || path.endsWith('/') ? undefined : openDirectory(place, directory);
  if (!parent) throw missing(name === '' || path.endsWith('/') ? path : directory);
  if (place === HOST) requireNoDevice(parent.number, name, path);
  write(to, parent.number, 'tree', (sink, isCopy) => read(sink, name, isCopy));
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
  { place: { owner = 0 }, path, map }: Target,
  directory: number,
  from: 'tree' | 'archive',
  read: (sink: TarSink, isCopy: IsCopy) => void,
): void {
  const target = shown(path);
  using writer = new LayerWriter(directory, copyFaults(target, from), { owner, target });
  const sink = new MappedSink(writer, map);
  read(sink, (found) => writer.hasMade(found));
  writer.finish();
  if (sink.nothingBut) throw onlySpecial(sink.nothingBut);
}

function readInto(place: Place, source: string, sink: TarSink, name: string, isCopy?: IsCopy): void {
  const from = partPath(source);
  using parent = openDirectory(place, from.directory);
  if (!parent) throw missing(from.directory);
  const { owner = 0 } = place;
  const reader = new TreeReader(sink, isCopy ? { owner, isCopy } : { owner });
  reader.read({ dirFd: parent.number, name: from.name, label: shown(source) }, name);
}

/** They are made in no directory in use. */
function withoutSpecial(map: (entry: TarEntry) => TarEntry): Map {
  return (entry) => (entry.type === 'char' || entry.type === 'block' || entry.type === 'fifo' ? undefined : map(entry));
}

function onlySpecial({ path, type }: TarEntry): PodError {
  return new PodError('host/refused', `copy "${printable(path)}": it is a ${type === 'fifo' ? 'FIFO' : 'device'}`, {
    hint: 'FIFOs and devices can only be copied into an archive, with - for DST',
  });
}
