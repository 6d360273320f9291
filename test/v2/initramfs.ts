import { lstatSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packs a directory as the kernel wants its first root: cpio, "newc"; see driver-api/early-userspace/buffer-format. */
export function packInitramfs(tree: string, file: string): void {
  const names = readdirSync(tree, { recursive: true, encoding: 'utf8' }).sort();
  const entries = names.map((name, index) => packFile(tree, name, index + 1));
  writeFileSync(file, Buffer.concat([...entries, packEntry('TRAILER!!!', 0, 0, Buffer.alloc(0))]));
}

function packFile(tree: string, name: string, inode: number): Buffer {
  const path = join(tree, name);
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return packEntry(name, stat.mode, inode, Buffer.from(readlinkSync(path)));
  return packEntry(name, stat.mode, inode, stat.isFile() ? readFileSync(path) : Buffer.alloc(0));
}

function packEntry(name: string, mode: number, inode: number, data: Buffer): Buffer {
  const nameBytes = Buffer.from(`${name}\0`);
  // ino, mode, uid, gid, nlink, mtime, size, the device's and rdev's numbers, the name's length, a check sum that is not used.
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`;
  return Buffer.concat([...pad(Buffer.concat([Buffer.from(header), nameBytes])), ...pad(data)]);
}

function pad(bytes: Buffer): Buffer[] {
  return [bytes, Buffer.alloc(-bytes.length & 3)];
}
