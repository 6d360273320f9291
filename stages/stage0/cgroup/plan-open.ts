import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from '../../linux/constants.ts';
import type { Arg, OpOptions, Reg, Tape, Text } from '../../tape/program.ts';
import type { Placement } from './layout.ts';
import { INIT_LEAF, podPath } from './names.ts';
import type { OpenRegisters } from './registers.ts';

/** Opens the `tasks` files through which processes join and an app's processes are listed. */
export function openVersion1(
  tapes: { readonly base: Tape; readonly leaves: Tape },
  { hierarchy, leaves }: Placement,
  registers: OpenRegisters,
): void {
  const { mountPoint, controllers } = hierarchy;
  const name = controllers[0]!;
  registers.joinInit.push(open(tapes.base, podPath(mountPoint, 'tasks'), O_WRONLY, `cgroup.${name}.init`));
  for (const leaf of leaves) {
    const tasks = open(tapes.leaves, podPath(mountPoint, leaf.name, 'tasks'), O_RDWR, `cgroup.${name}.${leaf.name}`);
    registers.joinApp.get(leaf.app!)!.push(tasks);
    registers.procsApp.set(leaf.app!, tasks);
    if (!controllers.includes('memory')) continue;
    registers.oomApp.set(
      leaf.app!,
      open(tapes.leaves, podPath(mountPoint, leaf.name, 'memory.oom_control'), O_RDONLY, `oom.${leaf.name}`),
    );
  }
}

/** Opens the directory that init is born in. init inherits the descriptor. */
export function openBirthplace(host: Tape, { hierarchy: { mountPoint }, leaves }: Placement): Reg {
  const init = leaves.some(({ name }) => name === INIT_LEAF) ? [INIT_LEAF] : [];
  return openAt(host, podPath(mountPoint, ...init), O_PATH | O_DIRECTORY, 'cgroup.init', {});
}

/** Opens the directories that apps are born in, and the files that act on a whole app. */
export function openVersion2(
  tape: Tape,
  { hierarchy, leaves }: Placement,
  registers: OpenRegisters,
  owner: Arg | undefined,
): void {
  const { mountPoint, controllers } = hierarchy;
  if (owner !== undefined) giveProcs(tape, mountPoint, [], owner);
  for (const { app, name } of leaves) {
    if (app === undefined) continue;
    registers.cgroupApp.set(app, open(tape, podPath(mountPoint, name), O_PATH | O_DIRECTORY, `cgroup.${name}`));
    registers.killApp.set(app, open(tape, podPath(mountPoint, name, 'cgroup.kill'), O_WRONLY, `kill.${name}`, true));
    if (owner !== undefined) giveProcs(tape, mountPoint, [name], owner);
    if (!controllers.includes('memory')) continue;
    registers.oomApp.set(app, open(tape, podPath(mountPoint, name, 'memory.events'), O_RDONLY, `oom.${name}`));
  }
}

function giveProcs(tape: Tape, mountPoint: string, below: readonly string[], owner: Arg): void {
  tape.call('fchownat', [AT_FDCWD, tape.text(podPath(mountPoint, ...below, 'cgroup.procs')), owner, owner, 0], {
    why: 'let PID 1 start processes in the cgroup',
  });
}

/** `optional`: until Linux 5.14 there is no cgroup.kill; init then reaps the processes that die with the pid namespace. */
function open(tape: Tape, path: Text, flags: number, name: string, optional = false): Reg {
  return openAt(tape, path, flags, name, { handOver: true, ...(optional ? { tolerate: ['ENOENT'] } : {}) });
}

function openAt(tape: Tape, path: Text, flags: number, name: string, options: OpOptions): Reg {
  const out = tape.program.reg(name);
  const why = 'open a cgroup of the pod';
  tape.call('openat', [AT_FDCWD, tape.text(path), flags | O_CLOEXEC, 0], { out, why, ...options });
  return out;
}
