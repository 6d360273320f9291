import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AUDIT_ARCH } from '../../../../stages/linux/seccomp.ts';
import { SYSCALLS } from '../../../../stages/linux/syscall-numbers.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import { compileSeccomp } from '../../../../stages/stage0/isolators/seccomp-compile.ts';
import type { IsolatorSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { newHost, spec, V2 } from './host.ts';
import { runFilter } from './run-filter.ts';

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const LOG = 0x7ffc_0000;
const errno = (number: number): number => 0x5_0000 + number;

const profile = (value: object): IsolatorSpec => spec('os/linux/seccomp-profile', value);

function filterOf(
  value: object,
  kernelRelease = '6.1.0',
  ...more: IsolatorSpec[]
): (name: string, ...args: bigint[]) => number {
  const { draft, errors } = lowerIsolators([profile(value), ...more], 'app', newHost(V2, { kernelRelease }));
  assert.deepEqual(errors, []);
  const program = compileSeccomp(draft.process.seccompPolicy, 'x86_64');
  return (name, ...args) => runFilter(program, { nr: SYSCALLS.x86_64[name]!, arch: AUDIT_ARCH.x86_64, args });
}

function failures(value: object, ...more: IsolatorSpec[]): string[] {
  const { errors } = lowerIsolators([profile(value), ...more], 'app', newHost(V2));
  return errors.map(({ message, at }) => `${at?.file}: ${message}`);
}

test('actions, with the errno of the entry, of the profile, or EPERM', () => {
  const answer = filterOf({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 38,
    syscalls: [
      { names: ['read', 'write'], action: 'SCMP_ACT_ALLOW' },
      { name: 'mkdir', action: 'SCMP_ACT_ERRNO', errnoRet: 30 },
      { names: ['rmdir'], action: 'SCMP_ACT_ERRNO' },
      { names: ['reboot'], action: 'SCMP_ACT_KILL' },
      { names: ['sync'], action: 'SCMP_ACT_LOG' },
    ],
  });
  assert.deepEqual(
    ['read', 'mkdir', 'rmdir', 'reboot', 'sync', 'mknod'].map((name) => answer(name)),
    [ALLOW, errno(30), errno(38), KILL, LOG, errno(38)],
  );
  assert.equal(filterOf({ defaultAction: 'SCMP_ACT_ERRNO' })('mknod'), errno(1));
  // The launch itself.
  assert.equal(answer('execve'), ALLOW);
});

test("errors by name, as podman's profiles have them beside the numbers", () => {
  const answer = filterOf({
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrno: 'ENOSYS',
    syscalls: [
      { names: ['mkdir'], action: 'SCMP_ACT_ERRNO', errnoRet: 30, errno: 'EROFS' },
      { names: ['rmdir'], action: 'SCMP_ACT_ERRNO', errno: 'EPERM' },
    ],
  });
  assert.deepEqual(
    ['mkdir', 'rmdir', 'mknod'].map((name) => answer(name)),
    [errno(30), errno(1), errno(38)],
  );
  const two = { defaultAction: 'SCMP_ACT_ERRNO', defaultErrno: 'EPERM', defaultErrnoRet: 38 };
  assert.deepEqual(failures(two), [
    'pod.yaml/defaultErrno: answer with "EPERM": its number is 1, but the profile also gives 38',
  ]);
});

test('tests of arguments hold together, and several entries for one call are tried in turn', () => {
  const entry = (value: number, more: object = {}): object => ({
    names: ['personality'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value, op: 'SCMP_CMP_EQ', ...more }],
  });
  const answer = filterOf({
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      entry(0),
      entry(8),
      {
        names: ['clone'],
        action: 'SCMP_ACT_ALLOW',
        args: [{ index: 0, value: 0x7e020000, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
      },
      {
        names: ['kill'],
        action: 'SCMP_ACT_ERRNO',
        errnoRet: 3,
        args: [
          { index: 0, value: 1, op: 'SCMP_CMP_EQ' },
          { index: 1, value: 9, op: 'SCMP_CMP_EQ' },
        ],
      },
      { names: ['kill'], action: 'SCMP_ACT_ALLOW' },
    ],
  });
  assert.deepEqual(
    [0n, 8n, 1n].map((value) => answer('personality', value)),
    [ALLOW, ALLOW, errno(1)],
  );
  assert.deepEqual([answer('clone', 0x11n), answer('clone', 0x1000_0000n)], [ALLOW, errno(1)]);
  assert.deepEqual([answer('kill', 1n, 9n), answer('kill', 1n, 15n), answer('kill', 2n, 9n)], [errno(3), ALLOW, ALLOW]);
});

test('of two tests of one argument either is enough, as in runc and crun', () => {
  const args = [0x1000_0000, 0x2000_0000].map((value) => ({ index: 0, value, op: 'SCMP_CMP_EQ' }));
  const stopped = filterOf({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [
      { names: ['unshare'], action: 'SCMP_ACT_ERRNO', args: [...args, { index: 1, value: 7, op: 'SCMP_CMP_EQ' }] },
    ],
  });
  assert.deepEqual(
    [0x1000_0000n, 0x2000_0000n, 0x4000_0000n].map((flag) => stopped('unshare', flag, 0n)),
    [errno(1), errno(1), ALLOW],
  );
  assert.equal(stopped('unshare', 0n, 7n), errno(1));
});

test('entries hold for capabilities, architectures and kernels', () => {
  const value = {
    defaultAction: 'SCMP_ACT_ERRNO',
    syscalls: [
      { names: ['chroot'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_SYS_CHROOT'] } },
      { names: ['bpf'], action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'] } },
      { names: ['mount'], action: 'SCMP_ACT_ALLOW', excludes: { caps: ['CAP_CHOWN'] } },
      { names: ['ptrace'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '4.8' } },
      { names: ['fsopen'], action: 'SCMP_ACT_ALLOW', includes: { minKernel: '6.2' } },
      { names: ['modify_ldt'], action: 'SCMP_ACT_ALLOW', includes: { arches: ['amd64', 'x86'] } },
      { names: ['umask'], action: 'SCMP_ACT_ALLOW', excludes: { arches: ['amd64'] } },
    ],
  };
  const answer = filterOf(value);
  const names = ['chroot', 'bpf', 'mount', 'ptrace', 'fsopen', 'modify_ldt', 'umask'];
  assert.deepEqual(
    names.map((name) => answer(name) === ALLOW),
    [true, false, false, true, false, true, false],
  );
  assert.equal(filterOf(value, '6.12.0')('fsopen'), ALLOW);
});

test('a name nobody knows may be allowed, but not stopped: that would be a hole', () => {
  const value = (action: string): object => ({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['riscv_hwprobe', 'opne'], action }],
  });
  assert.deepEqual(failures(value('SCMP_ACT_ALLOW')), []);
  assert.match(
    failures(value('SCMP_ACT_KILL'))[0]!,
    /^pod.yaml\/syscalls\/0\/names\/0: read "riscv_hwprobe": there is no system call/,
  );
});

test('an unknown capability, and a second filter, are refused', () => {
  const value = {
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['bpf'], action: 'SCMP_ACT_KILL', includes: { caps: ['CAP_X'] } }],
  };
  assert.match(failures(value)[0]!, /caps\/0: read "CAP_X": there is no capability/);
  const both = failures({ defaultAction: 'SCMP_ACT_ALLOW' }, spec('os/linux/seccomp-retain-set', { set: ['read'] }, 9));
  assert.match(both[0]!, /only one of retain-set/);
});
