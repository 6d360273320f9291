import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const PODMAN_PROFILE = '/usr/share/containers/seccomp.json';

/** In the form and the words of docker's own. */
const PROFILE = {
  defaultAction: 'SCMP_ACT_ALLOW',
  defaultErrnoRet: 1,
  archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] }],
  syscalls: [
    {
      names: ['mkdir', 'mkdirat'],
      action: 'SCMP_ACT_ERRNO',
      errnoRet: 30,
      args: [],
      comment: '',
      includes: {},
      excludes: {},
    },
    { names: ['kill'], action: 'SCMP_ACT_ERRNO', args: [{ index: 1, value: 10, valueTwo: 0, op: 'SCMP_CMP_EQ' }] },
    { names: ['sync'], action: 'SCMP_ACT_KILL_PROCESS', args: null },
  ],
};

function run(command: string, profile: object = PROFILE): ReturnType<typeof pod> {
  const app = {
    name: 'shell',
    image: 'host',
    exec: ['/bin/bash', '-c', command],
    isolators: { 'os/linux/seccomp-profile': profile },
  };
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'profile' },
    network: { mode: 'none' },
    apps: [app],
  };
  return pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest) });
}

test("a profile in docker's format is what the app gets", async () => {
  const { stdout, stderr } = await run(
    'mkdir /x; sleep 100 & kill -USR1 $! || echo no-usr1; kill -TERM $! && echo term; sync; echo "sync $?"',
  );
  assert.match(stderr, /Read-only file system/);
  assert.deepEqual(stdout.trim().split('\n'), ['no-usr1', 'term', 'sync 159']);
});

/** Guests are shown little of the host. */
const skip = existsSync(PODMAN_PROFILE) ? false : `no ${PODMAN_PROFILE}`;

test("podman's own profile is taken as it is", { skip }, async () => {
  const profile = JSON.parse(readFileSync(PODMAN_PROFILE, 'utf8')) as object;
  const { stdout, stderr } = await run('unshare --user true || echo closed; umount /proc; echo "umount $?"', profile);
  assert.match(stderr, /umount: .*(permitted|permission|superuser)/i);
  assert.deepEqual(stdout.trim().split('\n'), ['umount 32']);
});

test('a mistake in a profile has its place', async () => {
  const wrong = {
    ...PROFILE,
    syscalls: [{ names: ['mkdirr'], action: 'SCMP_ACT_KILL' }, { action: 'SCMP_ACT_NOTIFY' }],
  };
  const { exitCode, stderr } = await run('true', wrong);
  assert.equal(exitCode, 125);
  assert.match(stderr, /SCMP_ACT_NOTIFY/);
});
