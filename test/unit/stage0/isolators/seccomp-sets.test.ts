import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AUDIT_ARCH } from '../../../../stages/linux/seccomp.ts';
import { SYSCALLS } from '../../../../stages/linux/syscall-numbers.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import { compileSeccomp } from '../../../../stages/stage0/isolators/seccomp-compile.ts';
import type { IsolatorSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { newHost, spec, V2 } from './host.ts';
import { runFilter } from './run-filter.ts';

const host = newHost(V2);
const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const EPERM = 0x5_0001;
const ENOSYS = 0x5_0026;

const retain = (set: string[], errno?: string): IsolatorSpec =>
  spec('os/linux/seccomp-retain-set', { set, ...(errno ? { errno } : {}) });
const remove = (set: string[], errno?: string): IsolatorSpec =>
  spec('os/linux/seccomp-remove-set', { set, ...(errno ? { errno } : {}) });

/** What the filter of an app with these isolators answers to a call by name. */
function filterOf(...specs: IsolatorSpec[]): (name: string, ...args: bigint[]) => number {
  const { draft, errors } = lowerIsolators(specs, 'app', host);
  assert.deepEqual(errors, []);
  const program = compileSeccomp(draft.process.seccompPolicy, 'x86_64');
  return (name, ...args) => runFilter(program, { nr: SYSCALLS.x86_64[name]!, arch: AUDIT_ARCH.x86_64, args });
}

function places(...specs: IsolatorSpec[]): string[] {
  return lowerIsolators(specs, 'app', host).errors.map(({ code, at }) => `${code} ${at?.file}`);
}

test('a retain-set allows what it names and what the launch needs, and ends the app for the rest', () => {
  const answer = filterOf(retain(['read', 'write']));
  for (const name of ['read', 'write', 'execve', 'exit_group', 'rt_sigreturn']) assert.equal(answer(name), ALLOW);
  for (const name of ['open', 'close_range']) assert.equal(answer(name), KILL);
});

test('an app that may not write can still tell that its program is not there', () => {
  const retained = filterOf(retain(['read']));
  const removed = filterOf(remove(['write'], 'EPERM'));
  const report = [3n, 0x7fff_0000_0000n, 12n];
  assert.deepEqual([retained('write', ...report), removed('write', ...report)], [ALLOW, ALLOW]);
  for (const other of [
    [1n, 0n, 12n],
    [3n, 0n, 13n],
    [3n | (1n << 32n), 0n, 12n],
  ])
    assert.deepEqual([retained('write', ...other), removed('write', ...other)], [KILL, EPERM]);
});

test('a retain-set may answer an errno instead', () => {
  assert.equal(filterOf(retain(['read'], 'ENOSYS'))('open'), ENOSYS);
  assert.equal(filterOf(retain(['read'], 'ENOTSUP'))('open'), 0x5_005f);
});

test('@appc.io/all in a retain-set turns the filter off', () => {
  const { draft } = lowerIsolators([retain(['read', '@appc.io/all'])], 'app', host);
  assert.equal(compileSeccomp(draft.process.seccompPolicy, 'x86_64').byteLength, 0);
});

test('the default group keeps its tests of arguments, and a call named beside it loses them', () => {
  const answer = filterOf(retain(['@docker/default-whitelist', 'personality', 'io_uring_setup'], 'EPERM'));
  assert.equal(answer('read'), ALLOW);
  assert.equal(answer('socket', 38n), EPERM);
  assert.equal(answer('personality', 0x40_0000n), ALLOW);
  assert.equal(answer('io_uring_setup'), ALLOW);
  assert.equal(answer('clone', 0x1000_0000n), EPERM);
  assert.equal(answer('clone3'), ENOSYS);
  assert.equal(answer('mount'), EPERM);
});

test('a remove-set takes from the default filter', () => {
  const answer = filterOf(remove(['ptrace', 'stime'], 'ENOSYS'));
  assert.equal(answer('ptrace'), ENOSYS);
  assert.equal(answer('read'), ALLOW);
  assert.equal(answer('mount'), EPERM);
  assert.equal(filterOf(remove(['ptrace']))('ptrace'), KILL);
});

test('@appc.io/empty in a remove-set is the default filter', () => {
  const answer = filterOf(remove(['@appc.io/empty']));
  assert.equal(answer('ptrace'), ALLOW);
  assert.equal(answer('mount'), EPERM);
  // Beside it a call would stay open that somebody wants to be closed.
  assert.deepEqual(places(remove(['ptrace', '@appc.io/empty'])), ['manifest/schema pod.yaml/set/1']);
});

test('retained capabilities open the calls they are for', () => {
  const answer = filterOf(spec('os/linux/capabilities-retain-set', { set: ['CAP_SYS_ADMIN', 'CAP_SYS_CHROOT'] }));
  for (const name of ['mount', 'unshare', 'clone3', 'chroot']) assert.equal(answer(name), ALLOW);
  assert.equal(answer('clone', 0x1000_0000n), ALLOW);
  assert.equal(answer('reboot'), EPERM);
  assert.equal(filterOf(spec('os/linux/capabilities-retain-set', { set: [] }))('chroot'), EPERM);
});

test('names that do not exist, and sets no app could start with, are refused in place', () => {
  assert.deepEqual(places(retain(['read', 'frobnicate'])), ['manifest/schema pod.yaml/set/1']);
  assert.deepEqual(places(retain(['@systemd/clock'])), ['manifest/schema pod.yaml/set/0']);
  assert.deepEqual(places(retain(['@docker/default-blacklist'])), ['manifest/schema pod.yaml/set/0']);
  assert.deepEqual(places(remove(['mount', 'execve'])), ['manifest/schema pod.yaml/set/1']);
  assert.deepEqual(places(remove(['@appc.io/all'])), ['manifest/schema pod.yaml/set/0']);
  assert.deepEqual(places(retain(['read'], 'ENOSUCH')), ['manifest/schema pod.yaml/errno']);
});

test('without no_new_privs the filter comes earlier, and lets the rest of the launch through', () => {
  const loose = spec('os/linux/no-new-privileges', false);
  assert.equal(filterOf(loose, retain(['read']))('capset'), ALLOW);
  assert.equal(filterOf(retain(['read']))('capset'), KILL);
  assert.deepEqual(places(loose, remove(['prctl'])), ['manifest/schema pod.yaml/set/0']);
});

test("podman's group allows what its profile does, with its tests, and a call another group allows stays allowed", () => {
  const answer = filterOf(retain(['@podman/default'], 'EPERM'));
  for (const name of ['read', 'mount', 'unshare', 'clone3', 'keyctl', 'chroot', 'execve'])
    assert.equal(answer(name), ALLOW);
  // Newer than the profile, refused by it, for a capability the app does not have, and not named at all.
  for (const name of ['cachestat', 'userfaultfd', 'bpf', 'io_uring_setup']) assert.equal(answer(name), EPERM);
  assert.equal(answer('socket', 16n, 3n, 9n), 0x5_0016);
  assert.deepEqual([answer('socket', 16n, 3n, 0n), answer('socket', 1n, 1n, 9n)], [ALLOW, ALLOW]);
  assert.equal(answer('personality', 0x40_0000n), EPERM);
  for (const set of [
    ['@podman/default', '@docker/default-whitelist'],
    ['@pod/default', '@podman/default-whitelist'],
  ]) {
    const both = filterOf(retain(set, 'EPERM'));
    assert.deepEqual([both('mount'), both('cachestat'), both('clone3')], [ALLOW, ALLOW, ALLOW]);
  }
  const withAdmin = filterOf(
    spec('os/linux/capabilities-retain-set', { set: ['CAP_SYS_ADMIN'] }),
    retain(['@podman/default']),
  );
  assert.equal(withAdmin('bpf'), ALLOW);
});

test("podman's blacklist takes from the default filter what its profile refuses by name", () => {
  const answer = filterOf(remove(['@podman/default-blacklist'], 'ENOSYS'));
  assert.deepEqual([answer('vmsplice'), answer('io_pgetevents'), answer('read')], [ENOSYS, ENOSYS, ALLOW]);
  assert.deepEqual(places(remove(['@podman/default'])), ['manifest/schema pod.yaml/set/0']);
  assert.deepEqual(places(retain(['@podman/default-blacklist'])), ['manifest/schema pod.yaml/set/0']);
});

test("podman's group is what the profile of the file it was made from allows", (context) => {
  const file = '/usr/share/containers/seccomp.json';
  if (!existsSync(file)) return context.skip('golang-github-containers-common is not installed');
  const profile = JSON.parse(readFileSync(file, 'utf8')) as object;
  const { draft, errors } = lowerIsolators([spec('os/linux/seccomp-profile', profile)], 'app', host);
  assert.deepEqual(errors, []);
  const program = compileSeccomp(draft.process.seccompPolicy, 'x86_64');
  const ours = filterOf(retain(['@podman/default'], 'EPERM'));
  const differing = Object.entries(SYSCALLS.x86_64).filter(([name, nr]) => {
    const theirs = runFilter(program, { nr, arch: AUDIT_ARCH.x86_64, args: [0n, 0n, 0n] });
    return (theirs === ALLOW) !== (ours(name, 0n, 0n, 0n) === ALLOW);
  });
  assert.deepEqual(
    differing.map(([name]) => name),
    [],
  );
});
