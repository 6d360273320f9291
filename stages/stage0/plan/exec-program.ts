import { planExec } from '../../stage2/launch.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import { Program } from '../../tape/program.ts';

/** A program with a single exec tape. Its registers are those of the pod's own program. */
export function planExecProgram(
  process: ProcessPlan,
  registers: Readonly<Record<string, number>>,
  cgroup: string | undefined,
  terminal: boolean,
): Program {
  const program = new Program(registers);
  const tape = program.tape({
    purpose: 'exec',
    app: process.app,
    ...(cgroup ? { cgroup: program.reg(cgroup) } : {}),
  });
  planExec(tape, process, terminal ? 'terminal' : 'given');
  return program;
}
