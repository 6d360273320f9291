import { planHook } from '../../stage2/launch.ts';
import type { HookName, Program, Reg, SupervisedHook } from '../../tape/program.ts';
import { pidFlags, planProcess, type ProcessInput } from './process.ts';

/** These hooks run while the app runs, as the app's user. The others prepare and clean up, as the pod's root. */
const WHILE_IT_RUNS: ReadonlySet<HookName> = new Set(['postStart', 'preStop']);
const ROOT = { uid: 0, gid: 0, supplementaryGids: [], home: '/root' };

export function planHooks(
  program: Program,
  input: ProcessInput,
  cgroup: Reg | undefined,
): Partial<Record<HookName, SupervisedHook>> {
  const { spec } = input.app;
  const hooks: Partial<Record<HookName, SupervisedHook>> = {};
  for (const [key, command] of Object.entries(spec.hooks.commands)) {
    const name = key as HookName;
    const isRunning = WHILE_IT_RUNS.has(name);
    const isUsers = isRunning || spec.hooks.asUser?.includes(name) === true;
    const app = { ...input.app, spec: { ...spec, exec: command }, ...(isUsers ? {} : { user: ROOT }) };
    const own = isRunning ? {} : pidFlags(input);
    const tape = program.tape({ purpose: 'hook', app: spec.name, ...own, ...(cgroup ? { cgroup } : {}) });
    planHook(tape, planProcess({ ...input, app, hasTerminal: false }), isRunning);
    hooks[name] = { tape, limitMs: spec.hooks.limitMs };
  }
  return hooks;
}
