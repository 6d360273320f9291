import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { after, before } from 'node:test';
import { TOP } from '../harness/paths.ts';

/** Counters and clocks of the kernel, and what a bridge of ours sets: they change by themselves. */
const RESTLESS =
  /\/(random|net|ns_last_pid|pty|cad_pid|sched_domain|seccomp|inode-(nr|state)|file-nr|dentry-state|aio-nr|quota|tainted|nr_.*|numa.*|stat_.*|hung_task_.*|perf_event_max_sample_rate)(\/|$)/;
/** Whose entries nothing may change: what runs as root on the host, and who may. */
const TREES = ['/etc', '/usr/bin', '/usr/sbin', '/usr/lib/systemd', '/root/.ssh', '/boot'];
const MAX_DEPTH = 3;

/** Sees to it that the tests of a file leave the host's settings, its own files and stage1 as they were. */
export function useHostWatch(): void {
  let earlier: ReadonlyMap<string, string>;
  before(() => {
    earlier = readHost();
  });
  after(() => {
    const now = readHost();
    const changed = [...new Set([...earlier.keys(), ...now.keys()])].filter((key) => earlier.get(key) !== now.get(key));
    assert.deepEqual(
      changed.map((key) => `${key}: ${earlier.get(key)} → ${now.get(key)}`),
      [],
      'changed on the host',
    );
  });
}

function readHost(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const file of ['/sys/kernel/uevent_helper', '/sys/power/state']) readInto(found, file);
  readSettings('/proc/sys', found);
  for (const tree of ['/', ...TREES]) readTree(tree, tree === '/' ? MAX_DEPTH : 0, found);
  for (const name of readdirSync(`${TOP}/dist`).filter((each) => each.startsWith('stage1-')))
    found.set(
      name,
      createHash('sha256')
        .update(readFileSync(`${TOP}/dist/${name}`))
        .digest('hex'),
    );
  assert.ok(found.size > 500, `only ${found.size} things of the host are watched`);
  return found;
}

function readSettings(dir: string, found: Map<string, string>): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = `${dir}/${entry.name}`;
    if (RESTLESS.test(path)) continue;
    if (entry.isDirectory()) readSettings(path, found);
    else readInto(found, path);
  }
}

function readInto(found: Map<string, string>, path: string): void {
  try {
    found.set(path, readFileSync(path, 'latin1'));
  } catch (error) {
    // Write-only, or not for this kernel: then it stays that way.
    found.set(path, (error as NodeJS.ErrnoException).code ?? 'error');
  }
}

/** Types, owners, modes and sizes; times of files too, of directories those of what is in them say enough. */
function readTree(dir: string, depth: number, found: Map<string, string>): void {
  for (const entry of tryList(dir)) {
    const path = `${dir === '/' ? '' : dir}/${entry}`;
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) continue;
    const link = stat.isSymbolicLink() ? readlinkSync(path) : '';
    const file = stat.isFile() ? `${stat.size} ${stat.mtimeMs}` : '';
    found.set(path, [stat.mode.toString(8), stat.uid, stat.gid, link, file].join(' '));
    if (stat.isDirectory() && depth < MAX_DEPTH) readTree(path, depth + 1, found);
  }
}

function tryList(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    // Not on this host.
    return [];
  }
}
