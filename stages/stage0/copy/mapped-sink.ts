import type { TarEntry, TarSink } from '../image/tar/entry.ts';
import type { Owners } from './owners.ts';

const CAPABILITY = 'security.capability';

/** Passes entries on as `map` has them; those it has nothing for are left out with their bytes. */
export class MappedSink implements TarSink {
  readonly #sink: TarSink;
  readonly #map: (entry: TarEntry) => TarEntry | undefined;
  #isLeftOut = false;
  #first: TarEntry | undefined;
  #passed = 0;

  constructor(sink: TarSink, map: (entry: TarEntry) => TarEntry | undefined) {
    this.#sink = sink;
    this.#map = map;
  }

  /** What there was, when all of it was left out. */
  get nothingBut(): TarEntry | undefined {
    return this.#passed === 0 ? this.#first : undefined;
  }

  begin(entry: TarEntry): void {
    this.#first ??= entry;
    const mapped = this.#map(entry);
    this.#isLeftOut = mapped === undefined;
    if (!mapped) return;
    this.#passed++;
    this.#sink.begin(mapped);
  }

  data(chunk: Uint8Array): void {
    if (!this.#isLeftOut) this.#sink.data(chunk);
  }

  end(): void {
    if (!this.#isLeftOut) this.#sink.end();
  }
}

/** As the pod sees it. Kept of the attributes: what programs keep there for themselves, and capabilities. */
export function insideOf(owners: Owners): (entry: TarEntry) => TarEntry {
  return (entry) => ({
    ...entry,
    uid: owners.inside(entry.uid),
    gid: owners.inside(entry.gid),
    xattrs: entry.xattrs.flatMap(([name, value]): [string, Buffer][] => {
      // Overlayfs would obey these in the layer an image is made of.
      if (name.startsWith('user.overlay.')) return [];
      if (name.startsWith('user.')) return [[name, value]];
      const capability = name === CAPABILITY ? owners.capabilityInside(value) : undefined;
      return capability ? [[name, capability]] : [];
    }),
  });
}

/** As it is to stand on the disk for the pod to see it so. */
export function outsideOf(owners: Owners): (entry: TarEntry) => TarEntry {
  return (entry) => ({
    ...entry,
    uid: owners.outside(entry.uid, entry.path),
    gid: owners.outside(entry.gid, entry.path),
    xattrs: entry.xattrs.flatMap(([name, value]): [string, Buffer][] => {
      if (name.startsWith('user.') && !name.startsWith('user.overlay.')) return [[name, value]];
      return name === CAPABILITY ? [[name, owners.capabilityOutside(value)]] : [];
    }),
  });
}

/** For a directory of the host: what a pod made must give nobody there a privilege. */
export function harmless(entry: TarEntry): TarEntry {
  return { ...entry, mode: entry.mode & 0o1777, xattrs: entry.xattrs.filter(([name]) => name.startsWith('user.')) };
}
