// Archives made by hand, block by block: the tools that write archives refuse to write what the tests need.

export interface FixtureEntry {
  readonly path: string;
  readonly type?: string;
  readonly content?: string | Buffer;
  readonly linkPath?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [number, number];
  /** Records of an extended header before the entry. */
  readonly pax?: Readonly<Record<string, string | Buffer>>;
  /** Written into the header as they are, after everything else but before the checksum. */
  readonly raw?: (header: Buffer) => void;
  /** Stated instead of the content's length. */
  readonly size?: number;
}

export function archive(...entries: readonly FixtureEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBlocks), Buffer.alloc(1024)]);
}

export function entryBlocks(entry: FixtureEntry): Buffer {
  const content = Buffer.from(entry.content ?? '');
  const blocks = [headerBlock(entry, content.length), padded(content)];
  return entry.pax ? Buffer.concat([paxBlocks(entry.pax), ...blocks]) : Buffer.concat(blocks);
}

export function headerBlock(entry: FixtureEntry, contentBytes: number): Buffer {
  const block = Buffer.alloc(512);
  block.write(entry.path, 0, 100, 'latin1');
  octal(block, 100, 8, entry.mode ?? 0o644);
  octal(block, 108, 8, entry.uid ?? 0);
  octal(block, 116, 8, entry.gid ?? 0);
  octal(block, 124, 12, entry.size ?? contentBytes);
  octal(block, 136, 12, entry.mtime ?? 1_700_000_000);
  block.write(entry.type ?? '0', 156, 1, 'latin1');
  block.write(entry.linkPath ?? '', 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 8, 'latin1');
  octal(block, 329, 8, entry.device?.[0] ?? 0);
  octal(block, 337, 8, entry.device?.[1] ?? 0);
  entry.raw?.(block);
  return sealed(block);
}

/** With its checksum. */
export function sealed(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  octal(
    block,
    148,
    7,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  return block;
}

export function paxBlocks(records: Readonly<Record<string, string | Buffer>>): Buffer {
  const body = Buffer.concat(Object.entries(records).map(([key, value]) => paxRecord(key, Buffer.from(value))));
  return Buffer.concat([headerBlock({ path: 'PaxHeaders/x', type: 'x' }, body.length), padded(body)]);
}

/** The length counts its own digits. */
export function paxRecord(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

export function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function octal(block: Buffer, at: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, width, 'latin1');
}
