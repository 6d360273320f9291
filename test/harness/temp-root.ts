import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { after } from 'node:test';
import { assertNothingLeft } from './leaks.ts';
import { type CliOptions, pod } from './pod-cli.ts';
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
  if (pods.length > 0) await pod(['rm', '--force', ...pods.map(({ uuid }) => uuid)], { root, ...as });
  const collected = await pod(['gc', '--grace', '0s', '--expire-prepared', '0s'], { root, ...as });
  rmSync(root, { recursive: true, force: true });
  if (collected.exitCode !== 0) throw new Error(`pod gc could not clean up: ${collected.stderr}`);
}
