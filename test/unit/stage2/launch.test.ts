import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RLIMIT } from '../../../stages/linux/rlimit.ts';
import { PR_CAPBSET_DROP, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS } from '../../../stages/linux/prctl.ts';
import { planExecProgram } from '../../../stages/stage0/plan/exec-program.ts';
import { planExec, planStart } from '../../../stages/stage2/launch.ts';
import type { ProcessPlan } from '../../../stages/stage2/process.ts';
import { describeCall } from '../../../stages/tape/disassemble.ts';
import { type Op, Program, type Tape } from '../../../stages/tape/program.ts';
import { planDefault } from '../../fuzz/tapes.ts';
import { assertGolden } from '../../harness/golden.ts';

const plan = planDefault();
const defaults: ProcessPlan = plan.processes.get('main')!.process;

function listing(tape: Tape): string {
  const lines = tape.ops.map((op) => {
    const call = describeCall(tape.program, op);
    // How long the filter is, is the business of its own tests.
    return `${op.call === 'seccomp' ? 'seccomp(1, 0, {filter})' : call}  # ${op.why}`;
  });
  return `${lines.join('\n')}\n`;
}

test('the calls of a default start', () => {
  assertGolden(
    'test/unit/stage2/golden/start.txt',
    listing(plan.program.tapes.find(({ options }) => options.purpose === 'start')!),
  );
});

test('the calls of a default exec on a terminal', () => {
  const registers = Object.fromEntries([...plan.program.registers].map(([name, { index }]) => [name, index]));
  assertGolden(
    'test/unit/stage2/golden/exec.txt',
    listing(planExecProgram(defaults, registers, undefined, true).tapes[0]!),
  );
});

type Plan = (tape: Tape, process: ProcessPlan) => void;
const PLANS: Readonly<Record<string, Plan>> = {
  start: (tape, process) => planStart(tape, process, 'null'),
  'start with standard input': (tape, process) => planStart(tape, process, 'given'),
  'start on a terminal': (tape, process) => planStart(tape, process, 'terminal'),
  exec: (tape, process) => planExec(tape, process, 'given'),
  'exec on a terminal': (tape, process) => planExec(tape, process, 'terminal'),
  'a command of a probe': (tape, process) => planExec(tape, process, 'null'),
};

function opsOf(make: Plan, process: ProcessPlan): readonly Op[] {
  const tape = new Program().tape({ purpose: 'start' });
  make(tape, process);
  return tape.ops;
}

const isPrctl =
  (what: number) =>
  ({ call, args }: Op): boolean =>
    call === 'prctl' && args[0] === what;
const is =
  (name: string) =>
  ({ call }: Op): boolean =>
    call === name;

const limitsFiles = ({ call, args }: Op): boolean => call === 'prlimit64' && args[1] === RLIMIT.RLIMIT_NOFILE;

/** The last of each comes before the first of the next. */
function assertOrder(ops: readonly Op[], ...steps: readonly [string, (op: Op) => boolean][]): void {
  let previous = -1;
  let before = 'the beginning';
  for (const [name, matches] of steps) {
    const first = ops.findIndex(matches);
    assert.ok(first >= 0, `${name} is missing`);
    assert.ok(first > previous, `${name} comes before ${before}`);
    previous = ops.findLastIndex(matches);
    before = name;
  }
}

for (const [name, make] of Object.entries(PLANS)) {
  test(`${name}: what needs a privilege comes before what gives it up`, () => {
    const ops = opsOf(make, { ...defaults, capabilities: { ...defaults.capabilities, ambient: 1n } });
    assertOrder(
      ops,
      ['prlimit64', (op) => is('prlimit64')(op) && !limitsFiles(op)],
      ['dropping the bounding set', isPrctl(PR_CAPBSET_DROP)],
      ['setgroups', is('setgroups')],
      ['setresgid', is('setresgid')],
      ['setresuid', is('setresuid')],
      ['closing to its own uid', isPrctl(PR_SET_DUMPABLE)],
      ['capset', is('capset')],
      ['no_new_privs', isPrctl(PR_SET_NO_NEW_PRIVS)],
      ['close_range', is('close_range')],
      // It has more of them open until then.
      ['the limit of open files', limitsFiles],
      ['seccomp', is('seccomp')],
      ['execve', is('execve')],
    );
  });

  test(`${name}: the filter is the last thing before execve`, () => {
    const ops = opsOf(make, defaults);
    const filter = ops.findIndex(is('seccomp'));
    assert.ok(ops.slice(filter + 1).every(is('execve')));
    assert.ok(filter < ops.length - 1);
  });

  test(`${name}: without no_new_privs the filter is loaded while that is still allowed`, () => {
    const ops = opsOf(make, { ...defaults, noNewPrivileges: false });
    assertOrder(
      ops,
      // No signal and no descriptor is left to be seen to under the filter.
      ['close_range', is('close_range')],
      ['the limit of open files', limitsFiles],
      ['seccomp', is('seccomp')],
      ['setresuid', is('setresuid')],
      ['capset', is('capset')],
      ['execve', is('execve')],
    );
    assert.ok(!ops.some(isPrctl(PR_SET_NO_NEW_PRIVS)));
  });

  test(`${name}: every op says what it is for, and which line asked`, () => {
    for (const op of opsOf(make, defaults)) assert.ok(op.why && op.at, op.call);
  });
}

test('a session of its own comes first, and the cgroup before its namespace', () => {
  const ops = opsOf(PLANS['start']!, { ...defaults, joins: [new Program().reg('tasks')] });
  assert.equal(ops[0]?.call, 'setsid');
  assert.deepEqual(
    ops.slice(1, 3).map(({ call }) => call),
    ['write', 'unshare'],
  );
});

test('the working directory is checked to be below the root, as the user', () => {
  const ops = opsOf(PLANS['start']!, { ...defaults, workingDirectory: '/srv' });
  assertOrder(
    ops,
    ['setresuid', is('setresuid')],
    ['openat2', is('openat2')],
    ['getcwd', is('getcwd')],
    ['comparing', is('tape.equal')],
    ['execve', is('execve')],
  );
});

test('the command is looked for in every directory of PATH, in its order', () => {
  const tape = new Program().tape({ purpose: 'start' });
  PLANS['start']!(tape, { ...defaults, argv: ['tool'], env: { PATH: '/a::/b' } });
  const tried = tape.ops.filter(is('execve')).map((op) => describeCall(tape.program, op).split(',')[0]);
  assert.deepEqual(tried, ['execve("/a/tool"', 'execve("./tool"', 'execve("/b/tool"']);
});

const LABEL = {
  attribute: 'exec',
  request: 'a:b:c:s0',
  shown: 'a:b:c:s0',
  why: 'run in a context',
  hints: { write: { EINVAL: 'no such context' }, execve: { EPERM: 'not with no_new_privs' } },
  at: defaults.places.app,
};

for (const noNewPrivileges of [true, false]) {
  for (const [name, make] of Object.entries(PLANS)) {
    test(`${name}, ${noNewPrivileges ? 'with' : 'without'} no_new_privs: a label is written, read back, and then the rest`, () => {
      const ops = opsOf(make, { ...defaults, noNewPrivileges, labels: [LABEL] });
      const isLabel = ({ why }: Op): boolean => why === LABEL.why;
      assert.deepEqual(
        ops.filter(isLabel).map(({ call }) => call),
        ['openat2', 'write', 'pread64', 'tape.equal', 'close'],
      );
      assert.equal(ops.find((op) => isLabel(op) && is('write')(op))!.hints, LABEL.hints.write);
      const execve = ops.find(is('execve'))!;
      assert.ok(execve.why!.endsWith(', to run in a context'));
      assert.deepEqual(execve.hints, LABEL.hints.execve);
      assert.equal((ops.find(isLabel)!.args[0] as { name: string }).name, 'proc');
      assertOrder(
        ops,
        ['the label', isLabel],
        [
          'privileges given up, or the filter',
          (op) => isPrctl(PR_CAPBSET_DROP)(op) || isPrctl(PR_SET_NO_NEW_PRIVS)(op) || is('seccomp')(op),
        ],
        ['execve', is('execve')],
      );
    });
  }
}
