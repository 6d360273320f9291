import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { requireProgram, TOP } from '../workspace.mjs';

const ROUNDS = 7;

/** No filter at all, the least that any filter costs (it lets everything through), and the one every app has. */
const FILTERS = {
  'no filter': { 'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] } },
  'a filter that allows all': { 'os/linux/seccomp-profile': { defaultAction: 'SCMP_ACT_ALLOW' } },
  'the default filter': {},
};

/**
 * What one getpid costs in a pod. The kernel knows of a filter ahead of time which calls it always allows, so the default one must
 * cost them what any filter does. That is not nothing: with a filter, every system call takes the slow way into the kernel.
 */
export const filter = {
  name: 'getpid under a filter',
  rounds: ROUNDS,
  subjects: {},
  bars: [
    { subject: 'the default filter', peer: 'a filter that allows all', times: 1.05, unit: 'ns' },
    // Missed where a system call takes less than a microsecond, by any filter: docs/decisions, "what a filter costs".
    { subject: 'the default filter', peer: 'no filter', times: 1.05, unit: 'ns' },
  ],
  async measure(context) {
    const library = await context.library();
    const program = buildProgram(context.workspace);
    const taken = new Map(Object.keys(FILTERS).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, isolators] of Object.entries(FILTERS)) {
        taken.get(name).push(await takeOnce(library, { name: 'getpid', program, isolators }));
      }
    }
    return taken;
  },
};

function buildProgram(workspace) {
  const program = workspace.path('getpid');
  execFileSync(requireProgram('cc', 'gcc'), ['-O2', '-static', '-o', program, join(TOP, 'bench/programs/getpid.c')]);
  return program;
}

/** Nanoseconds a call. */
async function takeOnce(library, options) {
  const pod = await library.start({ ...options, exec: ['/program', '100'] });
  const code = await pod.exit;
  const text = pod.logs()[0]?.text;
  await pod.remove();
  if (code !== 0 || text === undefined) throw new Error(`the loop ended with ${code}`);
  return Number(text);
}
