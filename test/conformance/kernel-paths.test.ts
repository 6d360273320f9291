import assert from 'node:assert/strict';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'kernel-paths' });

const MASKED = [
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
  '/sys/fs/selinux',
];

both('masked paths are empty', ({ kernelPaths }) => {
  for (const path of MASKED) {
    const found = kernelPaths[path];
    if (found === undefined) continue;
    const content = found.type === 'directory' ? found.names : found.bytes;
    assert.ok((content ?? 0) <= 0, `${path} shows ${content}`);
  }
});

both('nothing of the kernel can be opened for writing', ({ kernelPaths }) => {
  const writable = Object.entries(kernelPaths).filter(
    ([path, found]) => found.write === 'ok' && !MASKED.includes(path),
  );
  assert.deepEqual(writable, []);
});

both('no file of a cgroup can be opened for writing', ({ writableCgroupFiles }) => {
  assert.equal(writableCgroupFiles, 0);
});

both('/proc and /sys are mounted without set-user-id, devices and programs', ({ mounts }) => {
  for (const path of ['/proc', '/sys']) {
    const options = mounts.find((mount) => mount.path === path)?.options.split(',') ?? [];
    for (const option of ['nosuid', 'nodev', 'noexec'])
      assert.ok(options.includes(option), `${path}: ${options.join()}`);
  }
  assert.ok(
    mounts
      .find((mount) => mount.path === '/sys')
      ?.options.split(',')
      .includes('ro'),
    '/sys is read-only',
  );
});

both('no mount is shared with the host', ({ mounts }) => {
  assert.deepEqual(
    mounts.filter(({ propagation }) => /shared|master/.test(propagation)).map(({ path }) => path),
    [],
  );
});

both('PID 1 cannot be looked into', ({ init }) => {
  assert.deepEqual(
    Object.entries(init).filter(([, outcome]) => outcome === 'ok'),
    [],
  );
});
