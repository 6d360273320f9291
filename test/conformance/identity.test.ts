import assert from 'node:assert/strict';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'identity' });

/** CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, FSETID 4, KILL 5, SETGID 6, SETUID 7, SETPCAP 8, NET_BIND_SERVICE 10, SYS_CHROOT 18, SETFCAP 31. */
const PODMAN_SET = '00000000800405fb';
const NONE = '0000000000000000';

both('root holds podman’s eleven capabilities and cannot get others', ({ capabilities }) => {
  assert.deepEqual(capabilities, {
    inheritable: NONE,
    permitted: PODMAN_SET,
    effective: PODMAN_SET,
    bounding: PODMAN_SET,
    ambient: NONE,
  });
});

both('no new privileges, and a system call filter', ({ noNewPrivs, seccomp }) => {
  assert.deepEqual([noNewPrivs, seccomp], [1, 2]);
});

both('root inside is somebody else outside', ({ uid, gid, uidMap, gidMap }) => {
  assert.deepEqual(
    [uid, gid],
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  );
  for (const map of [uidMap, gidMap]) {
    const [inside, outside, size] = (map[0] ?? '').trim().split(/\s+/).map(Number);
    assert.deepEqual([map.length, inside, size], [1, 0, 65536]);
    assert.ok((outside ?? 0) >= 65536, `host id ${outside}`);
  }
});

const GIVEN = ['PATH', 'HOME', 'TERM', 'HOSTNAME', 'USER', 'LOGNAME', 'SHELL', 'container'];

both('a session of its own, with nothing of the caller’s environment', ({ env, pid, sid }) => {
  assert.deepEqual(
    Object.keys(env).filter((name) => !GIVEN.includes(name)),
    [],
  );
  assert.equal(sid, pid);
});

both('signals, umask, personality and scheduling are the kernel’s defaults', (report) => {
  assert.deepEqual(report.signals, { blocked: NONE, ignored: NONE, caught: NONE });
  assert.equal(report.umask, 0o022);
  assert.equal(report.personality, 0);
  assert.equal(report.securebits, 0);
  assert.deepEqual([report.nice, report.scheduler, report.oomScoreAdj], [0, 0, 0]);
});

both('the working directory is inside the root', ({ cwd }) => {
  assert.equal(cwd, '/');
});

both('limits are those of every app, whatever the caller has: no core files, 1024 descriptors', ({ rlimits }) => {
  assert.deepEqual(rlimits['CORE'], [0, 0]);
  assert.equal(rlimits['NOFILE']?.[0], 1024);
});
