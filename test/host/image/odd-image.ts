import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { O_DIRECTORY, O_PATH } from '../../../stages/linux/constants.ts';
import { TreeReader } from '../../../stages/stage0/copy/read-tree.ts';
import type { TarEntry } from '../../../stages/stage0/image/tar/entry.ts';
import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';

const directory = (path: string, more: Partial<FixtureEntry> = {}): FixtureEntry => ({
  path,
  type: '5',
  mode: 0o755,
  ...more,
});

/** cap_net_raw=ep */
const CAPABILITY = Buffer.from('0100000200200000000000000000000000000000', 'hex');
const LONG = `${'long/'.repeat(30)}name`;

/** Layers with all that a layer may hold. */
export const ODD_LAYERS: readonly Buffer[] = [
  archive(
    directory('./', { mode: 0o751, uid: 3, gid: 4 }),
    directory('home', { mode: 0o700, uid: 1000, gid: 1001 }),
    { path: 'home/bytes-\xff\xfe', content: 'x', uid: 1000, gid: 1001, mtime: 1 },
    { path: 'home/linked', content: 'one\n', uid: 70_000, gid: 2_000_000, mode: 0o4711 },
    { path: 'home/again', type: '1', linkPath: 'home/linked' },
    { path: 'home/gone', content: 'x' },
    { path: 'home/ping', content: 'x', mode: 0o755, pax: { 'SCHILY.xattr.security.capability': CAPABILITY } },
    { path: 'home/noted', content: 'x', pax: { 'SCHILY.xattr.user.note': 'a\nb', mtime: '1700000000.123456789' } },
    { path: 'home/link', type: '2', linkPath: '/etc/../home/linked', uid: 5 },
    { path: 'home/second', type: '1', linkPath: 'home/link' },
    { path: 'home/pipe', type: '6', mode: 0o620 },
    directory('dev'),
    { path: 'dev/null', type: '3', device: [1, 3], mode: 0o666 },
    { path: 'dev/disk', type: '4', device: [7, 300], mode: 0o640 },
    directory('all'),
    { path: 'all/below', content: 'x' },
    directory('was-directory'),
    { path: 'was-directory/file', content: 'x' },
    { path: 'was-file', content: 'x' },
    { path: 'pax', content: 'x', pax: { path: LONG } },
  ),
  archive(
    { path: 'home/.wh.gone' },
    { path: 'home/new', content: 'new', uid: 9 },
    directory('all', { mode: 0o711 }),
    { path: 'all/.wh..wh..opq' },
    { path: 'all/other', content: 'x' },
    { path: '.wh.was-directory' },
    { path: 'was-directory', content: 'now a file' },
    directory('was-file'),
    { path: 'was-file/inside', content: 'x' },
    { path: 'only/.wh.nothing' },
  ),
];

/** Everything about the files of a directory, in overlay form as in any other. */
export function readAll(path: string): object[] {
  const entries: object[] = [];
  let content = createHash('sha256');
  let current: TarEntry;
  const sink = {
    begin: (entry: TarEntry): void => {
      current = entry;
      content = createHash('sha256');
    },
    data: (chunk: Uint8Array): void => void content.update(chunk),
    end: (): void => {
      const xattrs = current.xattrs.map(([name, value]) => [name, value.toString('hex')]);
      const entry = { ...current, extents: undefined, xattrs, content: content.digest('hex') };
      // Nobody sees a whiteout's time.
      const isWhiteout = entry.type === 'char' && entry.devMajor === 0 && entry.devMinor === 0;
      entries.push(isWhiteout ? { ...entry, mtimeSec: 0, mtimeNs: 0 } : entry);
    },
  };
  const dirFd = openSync(path, O_PATH | O_DIRECTORY);
  try {
    new TreeReader(sink, { owner: 0 }).read({ dirFd, name: '', label: path }, '.');
  } finally {
    closeSync(dirFd);
  }
  return entries;
}
