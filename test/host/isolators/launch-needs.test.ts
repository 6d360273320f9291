// The launch opens files and makes calls that the app may be denied: limits and filters hold for the app, and not for it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pod } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();

function run(exec: readonly string[], isolators: object): ReturnType<typeof pod> {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'needs' },
    network: { mode: 'none' },
    apps: [{ name: 'app', image: 'host', exec, isolators }],
  };
  return pod(['run', '--rm', '-'], { root, input: JSON.stringify(manifest) });
}

test('an app may be allowed fewer open files than its launch has', async () => {
  for (const nofile of [4, 16]) {
    const { stdout } = await run(['/bin/sh', '-c', 'ulimit -Hn'], { 'os/linux/rlimits': { nofile } });
    assert.equal(stdout, String(nofile));
  }
  // It starts, and what it needs to begin with is then its own affair.
  const none = await run(['/bin/true'], { 'os/linux/rlimits': { nofile: 0 } });
  assert.deepEqual([none.exitCode, /shared libraries/.test(none.stderr)], [127, true], none.stderr);
});

const LOADER =
  'read openat close newfstatat fstat mmap mprotect munmap brk access arch_prctl set_tid_address set_robust_list rseq prlimit64 pread64 getrandom';

test('a filter that allows none of what the launch calls, with and without no_new_privs', async () => {
  for (const noNewPrivileges of [true, false]) {
    const isolators = {
      'os/linux/no-new-privileges': noNewPrivileges,
      'os/linux/seccomp-retain-set': { set: LOADER.split(' ') },
    };
    const { exitCode, stderr } = await run(['/bin/true'], isolators);
    assert.equal(exitCode, 0, stderr);
    // Not even "no such program" could be told without a write.
    const missing = await run(['/bin/not-there'], isolators);
    assert.equal(missing.exitCode, 127, missing.stderr);
    assert.match(missing.stderr, /not-there/);
    // The app itself may not.
    assert.equal((await run(['/bin/echo', 'x'], isolators)).exitCode, 128 + 31);
  }
});
