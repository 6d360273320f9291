import assert from 'node:assert/strict';
import { test } from 'node:test';
import { archive, headerBlock, padded } from '../tar-fixture.ts';
import { read, refused } from './reading.ts';

type Piece = readonly [offset: number, length: number];

function writePieces(block: Buffer, at: number, pieces: readonly Piece[]): void {
  pieces.flat().forEach((number, i) => block.write(`${number.toString(8).padStart(11, '0')}\0`, at + i * 12, 'latin1'));
}

/** What `tar -S` of GNU writes: four pieces in the header, 21 in each block after it. */
function oldSparse(pieces: readonly Piece[], data: string, realSize = 9999): Buffer {
  const inHeader = pieces.slice(0, 4);
  const raw = (block: Buffer): void => {
    block.write('ustar  \0', 257, 'latin1');
    writePieces(block, 386, inHeader);
    block[482] = pieces.length > 4 ? 1 : 0;
    block.write(`${realSize.toString(8).padStart(11, '0')}\0`, 483, 'latin1');
  };
  const blocks = [headerBlock({ path: 'holes', type: 'S', raw }, data.length)];
  for (let at = 4; at < pieces.length; at += 21) {
    const block = Buffer.alloc(512);
    writePieces(block, 0, pieces.slice(at, at + 21));
    block[504] = pieces.length > at + 21 ? 1 : 0;
    blocks.push(block);
  }
  return Buffer.concat([...blocks, padded(Buffer.from(data)), archive({ path: 'next', content: 'n' })]);
}

test('a sparse file in the old form of GNU tar is its pieces and where they lie', () => {
  const many = Array.from({ length: 60 }, (_, i): Piece => [i * 10, 1]);
  for (const pieces of [
    [],
    [[9999, 0]],
    [[10, 3]],
    many.slice(0, 4),
    many.slice(0, 5),
    many.slice(0, 25),
    many,
  ] as Piece[][]) {
    const data = 'x'.repeat(pieces.reduce((sum, [, length]) => sum + length, 0));
    const bytes = oldSparse(pieces, data);
    for (const pieceBytes of [bytes.length, 7, 512]) {
      const [file, next] = read(bytes, pieceBytes);
      const { path, type, size, extents } = file!.entry;
      assert.deepEqual([path, type, size, file!.content, next!.content], ['holes', 'file', 9999, data, 'n']);
      const expected = pieces.filter(([, length]) => length > 0).map(([offset, length]) => ({ offset, length }));
      assert.deepEqual(extents, expected);
    }
  }
  assert.equal(read(archive({ path: 'a', type: 'S' }))[0]!.entry.size, 0);
});

test('an old map that overlaps, leaves its file or is not of its body is corrupt', () => {
  refused(
    oldSparse(
      [
        [10, 3],
        [11, 2],
      ],
      'abcde',
    ),
    'image/corrupt',
  );
  refused(oldSparse([[9998, 2]], 'ab'), 'image/corrupt');
  refused(oldSparse([[10, 3]], 'abcd'), 'image/corrupt');
  refused(oldSparse([[10, 3]], 'ab'), 'image/corrupt');
  refused(
    oldSparse(
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
        [4, 1],
      ],
      'abcde',
    ).subarray(0, 512),
    'image/corrupt',
  );
});
