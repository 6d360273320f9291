import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { cloneMount } from '../../../linux/clone-mount.ts';
import { AT_FDCWD, MOUNT_ATTR_IDMAP } from '../../../linux/constants.ts';
import { makeDirectories } from '../../../linux/directory.ts';
import { Fd } from '../../../linux/fd.ts';
import { newMount } from '../../../linux/new-mount.ts';
import { type Check, type Finding, tryIt } from './check.ts';

export function mountChecks(root: string): readonly Check[] {
  return [
    { name: 'overlay', run: () => inScratch(root, checkOverlay) },
    { name: 'idmapped mounts', run: () => inScratch(root, checkIdmap) },
  ];
}

/** Below the state directory: it is that file system which has to play along. */
async function inScratch(root: string, check: (dir: string) => Finding | Promise<Finding>): Promise<Finding> {
  let dir: string;
  try {
    makeDirectories(root, 0o700);
    dir = mkdtempSync(`${root}/doctor-`);
  } catch (error) {
    return {
      status: 'missing',
      detail: (error as Error).message,
      remedy: 'run as root, or choose a directory you own with --root',
    };
  }
  try {
    return await check(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** The mount stays detached: nothing in the host's mount table ever shows it. */
function checkOverlay(dir: string): Finding {
  for (const name of ['lower', 'upper', 'work']) mkdirSync(`${dir}/${name}`);
  return tryIt(
    'detached, on the state directory',
    'put the state on ext4 or xfs (--root), on a kernel with overlayfs',
    () => {
      using mount = newMount('overlay', [
        ['lowerdir', `${dir}/lower`],
        ['upperdir', `${dir}/upper`],
        ['workdir', `${dir}/work`],
      ]);
      void mount;
    },
  );
}

async function checkIdmap(dir: string): Promise<Finding> {
  const child = spawn('unshare', ['--user', '--map-root-user', 'sleep', '10'], { stdio: 'ignore' });
  try {
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    if (!(await hasUserNamespace(child)))
      return { status: 'limited', detail: 'not checked: no user namespace', remedy: 'see "user namespaces"' };
    return tryIt('on the state directory', 'without them, pods with different user id ranges do not share layers', () =>
      idmap(dir, child.pid!),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return {
      status: 'limited',
      detail: 'not checked: no unshare program',
      remedy: 'install util-linux, which this check needs',
    };
  } finally {
    child.kill('SIGKILL');
  }
}

/** unshare(1) has made its namespace when its id map is written. False when it ends without, or takes more than a second. */
async function hasUserNamespace(child: ChildProcess): Promise<boolean> {
  const own = readFileSync('/proc/self/uid_map', 'latin1');
  for (let attempt = 0; attempt < 200 && child.exitCode === null; attempt++) {
    const map = readFileSync(`/proc/${child.pid}/uid_map`, 'latin1');
    if (map !== '' && map !== own) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return false;
}

function idmap(dir: string, pid: number): void {
  using userns = new Fd(openSync(`/proc/${pid}/ns/user`, 'r'));
  using mount = cloneMount(AT_FDCWD, dir, { set: MOUNT_ATTR_IDMAP, userns: userns.number });
  void mount;
}
