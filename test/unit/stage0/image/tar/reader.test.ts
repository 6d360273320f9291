import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archive, entryBlocks, headerBlock, padded, paxBlocks, sealed } from '../tar-fixture.ts';
import { read, refused } from './reading.ts';

test('an archive reads the same whatever the sizes of the pieces it comes in', () => {
  const bytes = archive(
    { path: 'a', content: 'x'.repeat(700) },
    { path: 'd/', type: '5', mode: 0o755 },
    { path: 'b', content: 'y', pax: { mtime: '12.345678901', 'SCHILY.xattr.user.a': 'v\nw' } },
    { path: 'l', type: '2', linkPath: 'a' },
  );
  const whole = read(bytes);
  assert.deepEqual(
    whole.map(({ entry, content }) => [entry.path, entry.type, content.length]),
    [
      ['a', 'file', 700],
      ['d/', 'directory', 0],
      ['b', 'file', 1],
      ['l', 'symlink', 0],
    ],
  );
  for (const pieceBytes of [1, 7, 511, 512, 513, 1000]) assert.deepEqual(read(bytes, pieceBytes), whole);
});

test('an extended attribute keeps every byte, newlines and NULs included', () => {
  const value = Buffer.from([1, 0, 0, 2, 0x80, 0x0a, 0, 0xff, 0x0a]);
  const [only] = read(archive({ path: 'ping', pax: { 'SCHILY.xattr.security.capability': value } }));
  assert.deepEqual(only!.entry.xattrs, [['security.capability', value]]);
});

test('a time of any century is read, as it is in a plain header', () => {
  for (const [mtime, seconds] of [
    ['1099511627776', 2 ** 40],
    ['-1099511627776', -(2 ** 40)],
    ['999999999999999', 999_999_999_999_999],
  ] as const)
    assert.equal(read(archive({ path: 'a', pax: { mtime } }))[0]!.entry.mtimeSec, seconds);
  refused(archive({ path: 'a', pax: { mtime: '9'.repeat(16) } }), 'image/corrupt');
});

test('a time before 1970 counts its nanoseconds upwards', () => {
  const [only] = read(archive({ path: 'old', pax: { mtime: '-1.25' } }));
  assert.deepEqual([only!.entry.mtimeSec, only!.entry.mtimeNs], [-2, 750_000_000]);
});

test('an extended header speaks of the next entry only', () => {
  const [first, second] = read(
    archive({ path: 'a', pax: { path: 'renamed', uid: '70000', size: '3' }, content: 'abc' }, { path: 'b' }),
  );
  assert.deepEqual([first!.entry.path, first!.entry.uid, first!.content], ['renamed', 70000, 'abc']);
  assert.deepEqual([second!.entry.path, second!.entry.uid], ['b', 0]);
});

test("GNU's long names are read, and win over an extended header", () => {
  const long = 'n'.repeat(300);
  const name = Buffer.from(`${long}\0`);
  const bytes = Buffer.concat([
    paxBlocks({ path: 'pax' }),
    headerBlock({ path: '././@LongLink', type: 'L' }, name.length),
    padded(name),
    archive({ path: 'short' }),
  ]);
  assert.equal(read(bytes)[0]!.entry.path, long);
});

test('the prefix of a ustar header comes before the name, and times of a GNU header do not', () => {
  const withPrefix = (block: Buffer): void => void block.write('some/prefix', 345, 'latin1');
  const gnu = (block: Buffer): void => {
    block.write('ustar  \0', 257, 'latin1');
    block.write('14523456701', 345, 'latin1');
  };
  const [posix, old] = read(
    archive({ path: 'name', raw: withPrefix }, { path: 'name', raw: gnu, type: '3', device: [5, 1] }),
  );
  assert.equal(posix!.entry.path, 'some/prefix/name');
  assert.deepEqual([old!.entry.path, old!.entry.devMajor, old!.entry.devMinor], ['name', 5, 1]);
});

test('a size in base 256 is read', () => {
  const raw = (block: Buffer): void => {
    block.fill(0, 124, 136);
    block[124] = 0x80;
    block[135] = 5;
  };
  assert.equal(read(archive({ path: 'a', content: 'hello', raw }))[0]!.content, 'hello');
});

test('a negative size is hostile', () => {
  const raw = (block: Buffer): void => void block.fill(0xff, 124, 136);
  refused(archive({ path: 'a', raw }), 'image/hostile');
});

test('a size beyond 2^53 is corrupt', () => {
  const raw = (block: Buffer): void => {
    block.fill(0xff, 124, 136);
    block[124] = 0x80;
  };
  refused(archive({ path: 'a', raw }), 'image/corrupt');
});

test('letters in a number are corrupt', () => {
  refused(archive({ path: 'a', raw: (block) => void block.write('12x4', 124, 'latin1') }), 'image/corrupt');
});

test('a wrong checksum is corrupt', () => {
  const bytes = archive({ path: 'a' });
  bytes[0] = 0x62;
  refused(bytes, 'image/corrupt');
});

test('an archive without its end mark is corrupt, wherever it was cut', () => {
  const bytes = archive({ path: 'a', content: 'x'.repeat(600) });
  for (const length of [100, 512, 900, 1536]) refused(bytes.subarray(0, length), 'image/corrupt');
});

test('what follows the end mark is ignored', () => {
  assert.equal(read(Buffer.concat([archive({ path: 'a' }), entryBlocks({ path: 'smuggled' })])).length, 1);
});

test('an extended header beyond its bound is refused before memory is taken for it', () => {
  const header = headerBlock({ path: 'PaxHeaders/x', type: 'x', size: 1024 ** 3 }, 0);
  refused(Buffer.concat([header, archive({ path: 'a' })]), 'image/hostile');
});

test('more entries than allowed are hostile', () => {
  refused(archive(...Array.from({ length: 101 }, (_, i) => ({ path: `f${i}` }))), 'image/hostile');
});

test('malformed records of an extended header are corrupt', () => {
  for (const body of ['99 path=a\n', '5 a=b', 'x a=b\n', '0 a=b\n', '-6 a=b\n', '7 path\n\n']) {
    const bytes = Buffer.concat([
      headerBlock({ path: 'x', type: 'x' }, body.length),
      padded(Buffer.from(body)),
      archive({ path: 'a' }),
    ]);
    refused(bytes, 'image/corrupt');
  }
});

const SPARSE = {
  'GNU.sparse.major': '1',
  'GNU.sparse.minor': '0',
  'GNU.sparse.name': 'holes',
  'GNU.sparse.realsize': '9999',
};
const sparse = (body: string, pax: Record<string, string> = {}): Buffer =>
  archive({ path: 'GNUSparseFile.0/holes', content: body, pax: { ...SPARSE, ...pax } }, { path: 'next', content: 'n' });
const mapped = (text: string, data: string): string => text.padEnd(Math.ceil(text.length / 512) * 512, '\0') + data;

test('a sparse file of format 1.0 is its pieces and where they lie, whatever the sizes it comes in', () => {
  const bytes = sparse(mapped('3\n10\n3\n100\n2\n9999\n0\n', 'abcde'));
  for (const pieceBytes of [bytes.length, 1, 7, 512, 513]) {
    const [file, next] = read(bytes, pieceBytes);
    const { path, size, extents } = file!.entry;
    assert.deepEqual([path, size, file!.content, next!.content], ['holes', 9999, 'abcde', 'n']);
    assert.deepEqual(extents, [
      { offset: 10, length: 3 },
      { offset: 100, length: 2 },
    ]);
  }
  const [empty, next] = read(sparse(mapped('1\n9999\n0\n', '')));
  assert.deepEqual([empty!.entry.extents, empty!.content, next!.content], [[], '', 'n']);
  const many = Array.from({ length: 200 }, (_, i) => `${i * 10}\n1\n`).join('');
  assert.equal(read(sparse(mapped(`200\n${many}`, 'x'.repeat(200))))[0]!.entry.extents!.length, 200);
});

test('a map that is none, that overlaps, leaves its file or is not of its body is corrupt', () => {
  for (const map of [
    'x',
    '1\n-1\n2\n',
    '2\n0\n3\n2\n2\n',
    '1\n9998\n5\n',
    '1\n0\n4\n',
    '9\n0\n5\n',
    '1000001\n',
    '1\n\n5\n',
    '12345678901234567\n',
  ])
    refused(sparse(mapped(map, 'abcde')), 'image/corrupt');
  for (const pax of [{ 'GNU.sparse.minor': '1' }, { 'GNU.sparse.name': '' }, { 'GNU.sparse.realsize': '-1' }])
    refused(sparse(mapped('1\n0\n5\n', 'abcde'), pax), 'image/corrupt');
  refused(sparse('1\n0\n5\n'), 'image/hostile');
  refused(archive({ path: 'a', pax: { 'GNU.sparse.major': '1' } }), 'image/corrupt');
});

test('an owner of 2^32-1 is refused: to chown it means nobody', () => {
  refused(archive({ path: 'a', pax: { uid: '4294967295' } }), 'image/hostile');
});

test('a NUL in a name of an extended header is corrupt', () => {
  refused(archive({ path: 'a', pax: { path: 'etc/passwd\0.txt' } }), 'image/corrupt');
});

test('a message shows no control character of a name', () => {
  const bytes = Buffer.concat([entryBlocks({ path: 'a\x1b[2Jb' }), sealed(Buffer.alloc(512, 0x41))]);
  assert.throws(
    () => read(bytes),
    (error: Error) => !error.message.includes('\x1b'),
  );
});

test('a name that ends in a slash and has a body is hostile: some readers pass over the body, some read it as the next entry', () => {
  const hidden = headerBlock({ path: 'hidden' }, 0);
  for (const type of ['0', '\0'])
    refused(archive({ path: 'd/', type, content: hidden.toString('latin1') }), 'image/hostile');
  assert.equal(read(archive({ path: 'd/', type: '0' }))[0]!.entry.type, 'directory');
});
