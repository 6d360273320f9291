import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2 } from '../../linux/file.ts';
import { TreeReader } from '../copy/read-tree.ts';
import type { TarEntry, TarSink } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import { ContentDigest } from './content-digest.ts';

export interface Difference {
  /** In the tree, from `/`; as a terminal can bear it. */
  readonly path: string;
  /** What differs: `mode`, `content`, …; `file` where one of the two has nothing of that name. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** What a file is, in words. */
type Facts = Readonly<Record<string, string>>;

const NOTHING = 'nothing';
/** Of a digest that tells two contents apart, and is nothing to compute again. */
const SHOWN_DIGITS = 16;

/** Compares two trees file by file: names, types, owners, modes, times, attributes, links and contents. */
export function* compareTrees(expectedDir: string, foundDir: string, differences: Difference[]): Generator<void> {
  const expected = new Map<string, Facts>();
  yield* read(expectedDir, (path, facts) => void expected.set(path, facts));
  yield* read(foundDir, (path, facts) => {
    const wanted = expected.get(path);
    expected.delete(path);
    differences.push(...compare(path, wanted, facts));
  });
  for (const [path, facts] of expected) differences.push(...compare(path, facts, undefined));
}

function* read(directory: string, take: (path: string, facts: Facts) => void): Generator<void> {
  using found = new Fd(openat2(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0));
  const reader = new TreeReader(new FactSink(take), { owner: 0 });
  yield* reader.steps({ dirFd: found.number, name: '', label: directory }, '.');
}

class FactSink implements TarSink {
  readonly #take: (path: string, facts: Facts) => void;
  #entry: TarEntry | undefined;
  #content: ContentDigest | undefined;

  constructor(take: (path: string, facts: Facts) => void) {
    this.#take = take;
  }

  begin(entry: TarEntry): void {
    this.#entry = entry;
    const { type, size, extents = [{ offset: 0, length: size }] } = entry;
    this.#content = type === 'file' ? new ContentDigest(extents) : undefined;
  }

  data(chunk: Uint8Array): void {
    this.#content!.update(chunk);
  }

  end(): void {
    this.#take(this.#entry!.path, factsOf(this.#entry!, this.#content?.hex()));
  }
}

function factsOf(entry: TarEntry, content: string | undefined): Facts {
  const { type, mode, uid, gid, size, mtimeSec, mtimeNs, devMajor, devMinor, linkPath, xattrs } = entry;
  // Made with the time of its making, which no one sees.
  if (type === 'char' && devMajor + devMinor === 0) return { type: 'whiteout' };
  return {
    type,
    mode: mode.toString(8).padStart(4, '0'),
    owner: `${uid}:${gid}`,
    size: String(size),
    time: `${mtimeSec}.${String(mtimeNs).padStart(9, '0')}`,
    ...(type === 'char' || type === 'block' ? { device: `${devMajor}:${devMinor}` } : {}),
    ...(linkPath === '' ? {} : { target: printable(linkPath) }),
    ...Object.fromEntries(
      xattrs.map(([name, value]) => [`attribute ${printable(name)}`, value.toString('hex') || '""']),
    ),
    ...(content === undefined ? {} : { content: content.slice(0, SHOWN_DIGITS) }),
  };
}

function compare(path: string, expected: Facts | undefined, found: Facts | undefined): Difference[] {
  const at = printable(path.replace(/^\./, '') || '/');
  const differ = (what: string, one?: string, other?: string): Difference[] =>
    one === other ? [] : [{ path: at, what, expected: one ?? NOTHING, found: other ?? NOTHING }];
  if (!expected || !found) return differ('file', expected?.type, found?.type);
  if (expected.type !== found.type) return differ('type', expected.type, found.type);
  const names = new Set([...Object.keys(expected), ...Object.keys(found)]);
  return [...names].flatMap((name) => differ(name, expected[name], found[name]));
}
