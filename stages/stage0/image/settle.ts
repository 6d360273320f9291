import { createHash } from 'node:crypto';
import { closeSync, existsSync, fstatSync } from 'node:fs';
import { basename } from 'node:path';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { bytePath, fgetxattr, openat2, tryOpenat2 } from '../../linux/file.ts';
import { readXattrs } from '../../linux/xattr.ts';
import { layerPath } from './layer.ts';
import { type LayerNotes, readNotes } from './notes.ts';
import { type Store, TempDir } from './store.ts';
import type { TarEntry } from './tar/entry.ts';
import { imageFaults } from './unpack/failure.ts';
import { LayerWriter } from './unpack/layer-writer.ts';

const DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

/**
 * The layers (lowest first) such that overlayfs shows what the image means. Omits layers below an opaque root. Adds a layer on top
 * if the uppermost layer contains directories without an entry of their own, which would hide the owner and mode of the lower
 * directory, or if there are directories with whiteouts and nothing below, where overlayfs would list the whiteouts. `opaque`: the
 * attribute that marks directories in this store.
 */
export function settleLayers(store: Store, layers: readonly string[], opaque: string): string[] {
  const notes = layers.map((layer) => readNotes(store, basename(layer)));
  const bottom = notes.findLastIndex((note) => note?.isOpaque);
  const seen = layers.slice(Math.max(bottom, 0));
  const told = notes.slice(Math.max(bottom, 0));
  const tree = treeOf(told);
  if (tree.children.size === 0) return seen;
  const entries = new Settling(opaque).run(seen, told, tree);
  return entries.length === 0 ? seen : [...seen, settledLayer(store, entries, opaque)];
}

/** A directory of interest, or a parent of one. */
interface Node {
  readonly path: string;
  readonly children: Map<string, Node>;
}

function treeOf(notes: readonly (LayerNotes | undefined)[]): Node {
  const root: Node = { path: '', children: new Map() };
  for (const path of notes.flatMap((note) => (note ? [...note.implicit, ...note.hiding] : []))) {
    let node = root;
    for (const name of path.split('/')) {
      let child = node.children.get(name);
      if (!child) {
        child = { path: node.path === '' ? name : `${node.path}/${name}`, children: new Map() };
        node.children.set(name, child);
      }
      node = child;
    }
  }
  return root;
}

/** The directory in one layer for the path being examined. */
interface Level {
  readonly fd: number;
  readonly implicit: ReadonlySet<string>;
  readonly hiding: ReadonlySet<string>;
  /** False below an opaque directory: its content is hidden, but its owner still counts. */
  readonly shows: boolean;
}

class Settling {
  readonly #opaque: string;

  constructor(opaque: string) {
    this.#opaque = opaque;
  }

  run(layers: readonly string[], notes: readonly (LayerNotes | undefined)[], tree: Node): TarEntry[] {
    const levels: Level[] = [];
    try {
      layers.forEach((layer, index) => {
        const fd = openat2(AT_FDCWD, layer, DIRECTORY, 0);
        levels.unshift({
          fd,
          implicit: new Set(notes[index]?.implicit),
          hiding: new Set(notes[index]?.hiding),
          shows: true,
        });
      });
      return this.#below(tree, levels);
    } finally {
      for (const { fd } of levels) closeSync(fd);
    }
  }

  /** Keeps only the directories on the current path open, because there may be many. */
  #below({ children }: Node, levels: readonly Level[]): TarEntry[] {
    const byName = [...children].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return byName.flatMap(([name, child]) => {
      const merged: Level[] = [];
      try {
        this.#merge(name, levels, merged);
        return merged.length === 0 ? [] : this.#entries(child, merged);
      } finally {
        for (const { fd } of merged) closeSync(fd);
      }
    });
  }

  /** Collects the levels that have the directory, uppermost first; none when the name is not a directory in the result. */
  #merge(name: string, levels: readonly Level[], merged: Level[]): void {
    let shows = true;
    for (const level of levels) {
      const fd = tryOpenat2(level.fd, bytePath(name), DIRECTORY, ONE_COMPONENT);
      if (fd === -ERRNO.ENOENT) continue;
      if (fd === -ERRNO.ENOTDIR || fd === -ERRNO.ELOOP) break;
      if (fd < 0) throw new SyscallError('openat2', -fd);
      merged.push({ ...level, fd, shows });
      shows &&= fgetxattr(fd, this.#opaque)?.toString() !== 'y';
    }
  }

  #entries(node: Node, levels: readonly Level[]): TarEntry[] {
    const shown = levels.filter(({ shows }) => shows);
    const below = this.#below(node, shown);
    const top = levels[0]!;
    const described = levels.find(({ implicit }) => !implicit.has(node.path)) ?? top;
    const listsWhiteouts = shown.length === 1 && top.hiding.has(node.path);
    if (described === top && !listsWhiteouts && below.length === 0) return [];
    return [entryOf(node.path, described.fd), ...below];
  }
}

function entryOf(path: string, fd: number): TarEntry {
  const { mode, uid, gid, mtimeNs } = fstatSync(fd, { bigint: true });
  const second = 1_000_000_000n;
  const nanoseconds = ((mtimeNs % second) + second) % second;
  return {
    path,
    linkPath: '',
    type: 'directory',
    size: 0,
    mode: Number(mode) & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    mtimeSec: Number((mtimeNs - nanoseconds) / second),
    mtimeNs: Number(nanoseconds),
    devMajor: 0,
    devMinor: 0,
    xattrs: readXattrs(fd).filter(([name]) => !/^(trusted|user)\.overlay\./.test(name)),
  };
}

/** Named by its content, as all layers are, so that images that need the same layer share it. */
function settledLayer(store: Store, entries: readonly TarEntry[], opaque: string): string {
  const hash = createHash('sha256').update(`pod settled layer 1\0${opaque}\0`);
  for (const { xattrs, ...entry } of entries)
    hash.update(JSON.stringify([entry, xattrs.map(([name, value]) => [name, value.toString('base64')])]));
  const layer = layerPath(store, hash.digest('hex'));
  if (existsSync(layer)) return layer;
  using temp = TempDir.create(store);
  using writer = new LayerWriter(temp.fd, imageFaults('the directories of an image'), undefined, opaque);
  for (const entry of entries) {
    writer.begin(entry);
    writer.end();
  }
  writer.finish();
  temp.publish(layer);
  return layer;
}
