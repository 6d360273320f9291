import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { readCgroupFacts } from '../../stages/stage0/cgroup/hierarchies.ts';
import { listPids } from '../../stages/stage0/cgroup/usage.ts';
import { assertNothingLeft } from './leaks.ts';
import { type CliOptions, type CliResult, pod } from './pod-cli.ts';
import { takeSnapshot } from './snapshot.ts';

/** Whose it is, and how pod is called as that user. */
export interface Owner extends Pick<CliOptions, 'user' | 'wrapper'> {
  readonly uid?: number;
}

interface ListedPod {
  readonly uuid: string;
}

/**
 * A state directory for the tests of one file. When they have ended, its pods are removed by pod's own means, then the directory,
 * and the machine must be as it was. With an owner it is his, and so are its pods. Not under /tmp, which may be a tmpfs: before Linux 6.3 that cannot be idmapped.
 */
export function useTempRoot(owner: Owner = {}): string {
  const root = mkdtempSync('/var/tmp/pod-test-');
  const { uid } = owner;
  if (uid !== undefined) chownSync(root, uid, uid);
  const atStart = takeSnapshot();
  after(async () => {
    await removeRoot(root, owner);
    await assertNothingLeft(atStart, root);
  });
  return root;
}

export async function removeRoot(root: string, { uid: _uid, ...as }: Owner = {}): Promise<void> {
  const listed = await pod(['ps', '-a', '-o', 'json'], { root, ...as });
  const pods = listed.exitCode === 0 ? (JSON.parse(listed.stdout) as ListedPod[]) : [];
  const uuids = pods.map(({ uuid }) => uuid);
  const removed = await removePods(root, uuids, as);
  if (removed.exitCode !== 0) {
    // A failed test may have stopped its init, or worse. It is ended by what its cgroup says, so that the next test finds a clean machine.
    killProcesses(uuids);
    await removePods(root, uuids, as);
  }
  const collected = await pod(['gc', '--grace', '0s', '--expire-prepared', '0s'], { root, ...as });
  rmSync(root, { recursive: true, force: true });
  if (removed.exitCode !== 0)
    throw new Error(`pod rm --force: ${removed.exitCode ?? removed.signal}: ${removed.stderr}`);
  if (collected.exitCode !== 0) throw new Error(`pod gc could not clean up: ${collected.stderr}`);
}

/** Longer than `rm --force` waits for anything. */
const REMOVE_MS = 180_000;

async function removePods(
  root: string,
  uuids: readonly string[],
  as: Pick<CliOptions, 'user' | 'wrapper'>,
): Promise<Pick<CliResult, 'exitCode' | 'signal' | 'stderr'>> {
  if (uuids.length === 0) return { exitCode: 0, signal: undefined, stderr: '' };
  return pod(['rm', '--force', ...uuids], { root, timeoutMs: REMOVE_MS, ...as });
}

function killProcesses(uuids: readonly string[]): void {
  const facts = readCgroupFacts();
  for (const pid of uuids.flatMap((uuid) => listPids(facts, uuid))) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
