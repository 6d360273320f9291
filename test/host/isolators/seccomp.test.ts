import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERRNO, errnoName } from '../../../stages/linux/errno.ts';
import { PR_SET_NO_NEW_PRIVS } from '../../../stages/linux/prctl.ts';
import { SECCOMP_SET_MODE_FILTER } from '../../../stages/linux/seccomp.ts';
import { ARCH } from '../../../stages/linux/arch.ts';
import { addressOf, loadNative, syscall, trySyscall } from '../../../stages/linux/syscall.ts';
import { DEFAULT_CAPABILITIES } from '../../../stages/stage0/isolators/capability-sets.ts';
import { compileSeccomp } from '../../../stages/stage0/isolators/seccomp-compile.ts';
import { defaultPolicy } from '../../../stages/stage0/isolators/seccomp-default.ts';
import { PROBE } from '../../harness/paths.ts';
import { isUserModeLinux } from '../../harness/user-mode-linux.ts';

/** Set for the process that puts the filter on itself: this file, run once more. */
const TASK = process.env['POD_TEST_FILTERED'];

const filter = (): Uint8Array => compileSeccomp(defaultPolicy(DEFAULT_CAPABILITIES), ARCH);

function loadFilter(): void {
  const program = filter();
  const header = Buffer.alloc(16);
  header.writeUInt16LE(program.byteLength / 8, 0);
  header.writeBigUInt64LE(addressOf(program), 8);
  syscall('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall('seccomp', SECCOMP_SET_MODE_FILTER, 0, header);
}

const DENIED: Readonly<Record<string, readonly [errno: number, ...args: (number | null)[]]>> = {
  unshare: [ERRNO.EPERM, 0x1000_0000],
  mount: [ERRNO.EPERM, null, null, null, 0, null],
  keyctl: [ERRNO.EPERM, 0, 0, 0, 0, 0],
  bpf: [ERRNO.EPERM, 0, null, 0],
  userfaultfd: [ERRNO.EPERM, 0],
  perf_event_open: [ERRNO.EPERM, null, 0, 0, -1, 0],
  open_by_handle_at: [ERRNO.EPERM, -1, null, 0],
  clone3: [ERRNO.ENOSYS, null, 0],
  io_uring_setup: [ERRNO.ENOSYS, 1, null],
  personality: [ERRNO.EPERM, 0x40_0000],
};

/** In ms, of a process that does nothing else: what Node does beside the call is not the kernel's. */
function timeOf(file: string): number {
  const { ns, outcome } = JSON.parse(execFileSync(PROBE, ['time-filter', file], { encoding: 'utf8' })) as {
    ns: number;
    outcome: string;
  };
  assert.equal(outcome, 'ok');
  return ns / 1e6;
}

/** What ran in the filtered process; one line of JSON each. */
function runTask(task: string): void {
  loadFilter();
  if (task === 'calls') {
    const answers = Object.entries(DENIED).map(([name, [, ...args]]) => [name, errnoName(-trySyscall(name, ...args))]);
    const sockets = [38, 40, 0x1_0000_0026, 1].map((family) => Math.min(trySyscall('socket', family, 1, 0), 0));
    console.log(JSON.stringify({ answers: Object.fromEntries(answers), sockets }));
  }
  if (task === 'child')
    console.log(JSON.stringify(execFileSync('/bin/sh', ['-c', 'id -u; ls / | head -1'], { encoding: 'utf8' })));
  if (task === 'x32') loadNative().syscall(0x4000_0000 + 39, 0, 0, 0, 0, 0, 0);
  if (task.startsWith('/')) console.log(JSON.stringify(spawnSync(task).signal));
}

function inFilter(task: string): {
  readonly status: number | null;
  readonly signal: string | null;
  readonly said: unknown;
} {
  const { status, signal, stdout } = spawnSync(process.execPath, [__filename], {
    env: { ...process.env, POD_TEST_FILTERED: task, NODE_TEST_CONTEXT: '' },
    encoding: 'utf8',
  });
  return { status, signal, said: stdout ? (JSON.parse(stdout) as unknown) : undefined };
}

/** ELF for x86_64: getpid by `int 0x80`, then exit(0) by `syscall`. */
function int80Program(): Buffer {
  const code = Buffer.from([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05]);
  const elf = Buffer.alloc(120 + code.length);
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  elf.writeUInt16LE(2, 16);
  elf.writeUInt16LE(62, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(0x40_0078n, 24);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64);
  elf.writeUInt32LE(5, 68);
  elf.writeBigUInt64LE(0x40_0000n, 80);
  elf.writeBigUInt64LE(0x40_0000n, 88);
  elf.writeBigUInt64LE(BigInt(elf.length), 96);
  elf.writeBigUInt64LE(BigInt(elf.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  elf.set(code, 120);
  return elf;
}

function defineTests(): void {
  test('the kernel takes the default filter, and answers as it says', () => {
    const { said } = inFilter('calls');
    const expected = Object.entries(DENIED).map(([name, [errno]]) => [name, errnoName(errno)]);
    assert.deepEqual(said, { answers: Object.fromEntries(expected), sockets: [-1, -1, -1, 0] });
  });

  test('programs and threads start under the default filter', () => {
    assert.match(String(inFilter('child').said), /^0\nbin\n$/);
  });

  test('loading the default filter takes at most 0.1 ms', (context) => {
    if (isUserModeLinux) return context.skip('every system call of User Mode Linux is slow');
    const directory = mkdtempSync(join(tmpdir(), 'pod-isolators-'));
    try {
      writeFileSync(join(directory, 'filter'), filter());
      const times = Array.from({ length: 100 }, () => timeOf(join(directory, 'filter'))).sort((a, b) => a - b);
      // The least: what the kernel takes when nothing else disturbs it, which can only add.
      assert.ok(times[0]! <= 0.1, `${times[0]} ms, the least of ${times.slice(0, 20).join(', ')}`);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('a call of the x32 ABI ends the process', (context) => {
    if (ARCH !== 'x86_64') return context.skip('x32 is an ABI of x86_64');
    assert.equal(inFilter('x32').signal, 'SIGSYS');
  });

  test('a 32-bit call ends the process', (context) => {
    if (ARCH !== 'x86_64') return context.skip('the program is for x86_64');
    if (isUserModeLinux) return context.skip('User Mode Linux takes 32-bit calls for 64-bit ones');
    const directory = mkdtempSync(join(tmpdir(), 'pod-isolators-'));
    const file = join(directory, 'int80');
    try {
      writeFileSync(file, int80Program(), { mode: 0o755 });
      assert.equal(spawnSync(file).status, 0);
      assert.equal(inFilter(file).said, 'SIGSYS');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
}

if (TASK) runTask(TASK);
else defineTests();
