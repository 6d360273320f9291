import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { readCgroupFacts } from '../../../stages/stage0/cgroup/hierarchies.ts';
import { POD_STATES } from '../../../stages/stage0/pod/layout.ts';

/** Without an account, and without ids in /etc/subuid. */
export const USER = 54_321;

/** Pods and claims of a state directory. */
export function whatIsIn(root: string): string[] {
  const dirs = [
    ...POD_STATES.map((state) => `pods/${state}`),
    ...namesIn(`${root}/claims`).map((kind) => `claims/${kind}`),
  ];
  return dirs.flatMap((dir) => namesIn(`${root}/${dir}`).map((name) => `${dir}/${name}`));
}

function namesIn(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}

/** What /etc/subuid and /etc/subgid give the user in tests that give him something. */
export const RANGE = { first: 700_000, count: 65_536 } as const;

/**
 * Runs the rest of its arguments as the user, with an account and a range of ids: in a mount namespace of its own, so that the host's
 * files stay as they are. Directories and files are made below `scratch`.
 */
export function withRange(scratch: string): string[] {
  const range = `${USER}:${RANGE.first}:${RANGE.count}`;
  const script = `
    cp /etc/passwd ${scratch}/passwd
    echo "poduser:x:${USER}:${USER}::/:/bin/sh" >> ${scratch}/passwd
    echo "${range}" > ${scratch}/ids
    touch /etc/subuid /etc/subgid
    mount --bind ${scratch}/passwd /etc/passwd
    mount --bind ${scratch}/ids /etc/subuid
    mount --bind ${scratch}/ids /etc/subgid
    exec setpriv --reuid=${USER} --regid=${USER} --clear-groups "$0" "$@"`;
  return ['unshare', '--mount', 'sh', '-ec', script];
}

/** The same with a /dev/net/tun that everybody may open, as udev makes it; without a range. */
export function withTun(scratch: string): string[] {
  const script = `
    test -e ${scratch}/tun || mknod -m 666 ${scratch}/tun c 10 200
    mkdir -p /dev/net
    test -e /dev/net/tun || touch /dev/net/tun
    mount --bind ${scratch}/tun /dev/net/tun
    exec setpriv --reuid=${USER} --regid=${USER} --clear-groups "$0" "$@"`;
  return ['unshare', '--mount', 'sh', '-ec', script];
}

/** A directory of the host's version 2 tree that is the user's, with one in it for whoever calls pod. */
export class Delegated implements Disposable {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /** Undefined on a host without such a tree. */
  static make(): Delegated | undefined {
    const tree = readCgroupFacts().hierarchies.find(({ version }) => version === 2);
    if (!tree) return undefined;
    const directory = `${tree.mountPoint}/normal-user-${process.pid}`;
    mkdirSync(`${directory}/caller`, { recursive: true });
    for (const path of ['', '/cgroup.procs', '/cgroup.subtree_control']) chownSync(`${directory}${path}`, USER, USER);
    return new Delegated(directory);
  }

  /** Runs the rest of its arguments as the user, in there. */
  get wrapper(): string[] {
    const script = `echo $$ > ${this.directory}/caller/cgroup.procs
      exec setpriv --reuid=${USER} --regid=${USER} --clear-groups "$0" "$@"`;
    return ['sh', '-ec', script];
  }

  /** Pods' directories. */
  get pods(): string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith('pod-'));
  }

  [Symbol.dispose](): void {
    rmdirSync(`${this.directory}/caller`);
    rmdirSync(this.directory);
  }
}

export function parentOf(pid: number): number {
  return Number(/^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
