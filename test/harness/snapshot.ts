import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { listRanges } from '../../stages/stage0/pod/uid-ranges.ts';

/** What a pod could leave behind, by kind: each a sorted list of names. */
export interface Snapshot {
  readonly mounts: readonly string[];
  readonly cgroups: readonly string[];
  readonly links: readonly string[];
  readonly tables: readonly string[];
  readonly processes: readonly string[];
  readonly descriptors: readonly string[];
  readonly uidRanges: readonly string[];
  readonly loops: readonly string[];
}

export function takeSnapshot(): Snapshot {
  return {
    mounts: listMounts(),
    cgroups: listCgroups(),
    links: readdirSync('/sys/class/net').filter(isOurLink).sort(),
    tables: listTables(),
    processes: listProcesses(),
    descriptors: listDescriptors(),
    uidRanges: listUidRanges(),
    loops: listLoops(),
  };
}

/** Names of `<bridge>` and of the host's ends of pods' veth pairs. */
function isOurLink(name: string): boolean {
  return /^(vp[0-9a-f]{12}|pod[0-9a-f]{6})$/.test(name);
}

function listMounts(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => line.split(' ')[4] ?? line).sort();
}

/** Images of stores, by loop device. */
function listLoops(): string[] {
  const files = readdirSync('/sys/block').map(backingFile);
  return files.filter((file) => /\/store\.[^/]*\.img( |$)/.test(file)).sort();
}

function backingFile(device: string): string {
  try {
    return readFileSync(`/sys/block/${device}/loop/backing_file`, 'utf8').trim();
  } catch {
    // No loop device, or one that has just been given back.
    return '';
  }
}

/** Directories named `pod-…` at the top of every cgroup hierarchy. */
function listCgroups(): string[] {
  const mountPoints = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');
  const found = mountPoints.flatMap((dir) => readdirSync(dir).map((name) => `${dir}/${name}`));
  return found.filter((path) => /\/pod-[^/]*$/.test(path)).sort();
}

function listTables(): string[] {
  const nft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].find((path) => existsSync(path));
  if (nft === undefined) return [];
  const lines = execFileSync(nft, ['list', 'tables'], { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line.startsWith('table inet pod-')).sort();
}

/** Monitors and inits, whatever their executable is called on disk. */
function listProcesses(): string[] {
  const found = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isSupervisor(name));
  return found.map((pid) => `${pid} stage1`).sort();
}

/** See proc_pid_stat(5). A dead one that its parent has not waited for is the parent's: it counts when that is this process. */
function isSupervisor(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return name.startsWith('stage1') && (state !== 'Z' || Number(parent) === process.pid);
  } catch {
    // It has ended since the directory was read: not a process any more.
    return false;
  }
}

/** The library opens stage1 once a process, through a detached mount of that one file, and keeps it. */
const SEALED_BINARY = /^\d+ \/$/;

/** Of an environment: the process that clones from it keeps it from being forgotten until it ends. */
const HELD_SNAPSHOT = /\/snapshots\/[^/]+\/[0-9a-f]{32}( \(deleted\))?$/;

/** Host-wide, with whose pod has them: `other-pods.ts` tells those of other state directories by that. */
function listUidRanges(): string[] {
  return listRanges()
    .map(({ base, root, uuid }) => `${root}/pod-${uuid} ${base}`)
    .sort();
}

/** Of this process. Node's own event and wake-up descriptors come and go with what has been used so far. */
function listDescriptors(): string[] {
  const targets = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return `${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`;
    } catch {
      // The descriptor the directory was read through is closed by now.
      return '';
    }
  });
  return targets
    .filter(
      (target) =>
        target !== '' &&
        !SEALED_BINARY.test(target) &&
        !HELD_SNAPSHOT.test(target) &&
        !/anon_inode:|pipe:|socket:|\/dev\/(null|urandom)$/.test(target),
    )
    .sort();
}
