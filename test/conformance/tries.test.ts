import assert from 'node:assert/strict';
import { probeBothWays } from '../harness/both-ways.ts';
import { useTempRoot } from '../harness/temp-root.ts';

const both = probeBothWays(useTempRoot(), { name: 'tries' });

/** Refused before the kernel looked at an argument: EINVAL or EFAULT would mean that the call was let through. */
const REFUSALS = ['EPERM', 'EACCES', 'ENOSYS', 'EAFNOSUPPORT', 'killed by SYS'];

const FORBIDDEN = [
  'mount',
  'umount_mask',
  'remount_proc_sys',
  'fsopen',
  'open_tree',
  'pivot_root',
  'unshare_user',
  'unshare_mount',
  'unshare_net',
  'clone_user',
  'setns',
  'bpf',
  'perf_event_open',
  'userfaultfd',
  'io_uring_setup',
  'keyctl',
  'add_key',
  'request_key',
  'ptrace_init',
  'kcmp_init',
  'pidfd_getfd_init',
  'socket_alg',
  'socket_vsock',
  'socket_packet',
  'socket_raw',
  'mknod_null',
  'mknod_disk',
  'kexec_load',
  'init_module',
  'delete_module',
  'swapon',
  'acct',
  'quotactl',
  'syslog',
  'sethostname',
  'settimeofday',
  'clock_settime',
  'clock_adjtime',
  'reboot',
  'personality_no_random',
  'personality_exec',
  'open_by_handle_at',
  'read_init_memory',
];

both('what reaches for the kernel is refused', ({ tries }) => {
  const through = FORBIDDEN.filter((name) => !REFUSALS.includes(tries[name] ?? 'not tried'));
  assert.deepEqual(Object.fromEntries(through.map((name) => [name, tries[name]])), {});
});

both('clone3 does not exist, so that libraries fall back to what can be filtered', ({ tries }) => {
  assert.equal(tries['clone3'], 'ENOSYS');
});

both('system calls by other tables of numbers do not get around the filter', ({ tries }) => {
  for (const name of ['i386_getpid', 'x32_getpid']) {
    if (tries[name] !== undefined) assert.ok(REFUSALS.includes(tries[name]), `${name}: ${tries[name]}`);
  }
});

both('what programs need is allowed', ({ tries }) => {
  for (const name of ['chroot', 'ptrace_self', 'socket_unix', 'mknod_fifo', 'setuid_root'])
    assert.equal(tries[name], 'ok', name);
});
