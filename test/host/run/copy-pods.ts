import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, linkSync, mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { PROBE } from '../../harness/paths.ts';
import { tryLsetxattr } from '../../../stages/linux/file.ts';
import type { TarEntry } from '../../../stages/stage0/image/tar/entry.ts';
import { TarReader } from '../../../stages/stage0/image/tar/reader.ts';

/** cap_net_raw, permitted and effective, as setcap(8) writes it. */
const NET_RAW = Buffer.from('0100000200200000000000000000000000000000', 'hex');

function setXattr(path: string, name: string, value: Buffer): void {
  assert.equal(tryLsetxattr(path, name, value), 0);
}

/** A root file system with all that an archive must keep, and a program that waits. */
export function makeBaseImage(directory: string): string {
  const tree = `${directory}/tree`;
  mkdirSync(`${tree}/data`, { recursive: true });
  copyFileSync(PROBE, `${tree}/probe`);
  writeFileSync(`${tree}/data/plain`, 'plain\n');
  linkSync(`${tree}/data/plain`, `${tree}/data/same`);
  symlinkSync('/etc/passwd', `${tree}/data/link`);
  writeFileSync(`${tree}/data/${'n'.repeat(200)}`, 'long\n');
  writeFileSync(`${tree}/data/new\nline`, 'newline\n');
  for (const name of ['setuid', 'capable', 'attributed', 'sparse']) writeFileSync(`${tree}/data/${name}`, name);
  const run = (command: string, ...args: string[]): unknown => execFileSync(command, args, { cwd: `${tree}/data` });
  run('chown', '1000:33', 'setuid');
  run('chmod', '4751', 'setuid');
  setXattr(`${tree}/data/capable`, 'security.capability', NET_RAW);
  setXattr(`${tree}/data/attributed`, 'user.note', Buffer.from('kept'));
  run('mkfifo', 'fifo');
  truncateSync(`${tree}/data/sparse`, 16 * 1024 * 1024);
  const archive = `${directory}/base.tar`;
  run('tar', '--format=pax', '--xattrs', '--xattrs-include=*', '-C', tree, '-cf', archive, '.');
  return archive;
}

export function manifestOf(name: string, archive: string): string {
  return JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name },
    network: { mode: 'none' },
    apps: [{ name: 'app', image: `tar:${archive}`, exec: ['/probe', 'hold'] }],
  });
}

/** By name; the order is the archive's. */
export function entriesOf(archive: string): Map<string, TarEntry> {
  const entries = new Map<string, TarEntry>();
  const nothing = (): void => undefined;
  const sink = { begin: (entry: TarEntry) => void entries.set(entry.path, entry), data: nothing, end: nothing };
  const reader = new TarReader(archive, sink, { maxEntries: 10_000, maxMetaBytes: 1 << 20 });
  reader.write(readFileSync(archive));
  reader.finish();
  return entries;
}
