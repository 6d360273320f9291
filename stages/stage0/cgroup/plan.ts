import { AT_FDCWD, O_CLOEXEC, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY } from '../../linux/constants.ts';
import type { CgroupWrite } from '../isolators/isolator.ts';
import type { Arg, Reg, Tape, Text } from '../../tape/program.ts';
import { planCleanup } from './plan-cleanup.ts';
import { planDevices } from './plan-devices.ts';
import { type CgroupInput, type Leaf, type Placement, placeCgroups } from './layout.ts';
import { appLeaf, INIT_LEAF, podPath } from './names.ts';
import { planWrites, withFile } from './plan-writes.ts';

export interface CgroupPlanInput extends CgroupInput {
  /**
   * Host uid of the pod's root, where the pod has a user namespace. On version 2 it comes to own `cgroup.procs` of the pod and
   * of its apps, and of nothing else there: clone3(CLONE_INTO_CGROUP) checks the caller's own right to write to it, so PID 1
   * could not start an app otherwise. Limits stay the host's.
   */
  readonly owner?: Arg;
}

/** Registers the host tape fills. Descriptors of files in them are close-on-exec, opened with the host's rights. */
export interface CgroupRegisters {
  /** Version 1 `tasks` files: a single-threaded process that writes "0" joins. PID 1's. */
  readonly joinInit: readonly Reg[];
  /** The same for an app, only where its place differs from PID 1's. */
  readonly joinApp: ReadonlyMap<string, readonly Reg[]>;
  /** Version 2 directories for CLONE_INTO_CGROUP; absent without such a tree. */
  readonly cgroupInit?: Reg;
  readonly cgroupApp: ReadonlyMap<string, Reg>;
  /** Version 2 `cgroup.kill`, writable, an app each. The pod as a whole is killed by killing its PID 1. */
  readonly killApp: ReadonlyMap<string, Reg>;
  /** Readable files with a line `oom_kill N`, an app each. */
  readonly oomApp: ReadonlyMap<string, Reg>;
}

interface MutableRegisters {
  joinInit: Reg[];
  joinApp: Map<string, Reg[]>;
  cgroupInit?: Reg;
  cgroupApp: Map<string, Reg>;
  killApp: Map<string, Reg>;
  oomApp: Map<string, Reg>;
}

/**
 * The pod's cgroups as ops. In each hierarchy the pod's directory gets its limits and the device policy before it has
 * children: version 1 refuses `devices.deny` later, and a limit must hold before the first process joins.
 */
export function planCgroups(host: Tape, cleanup: Tape, input: CgroupPlanInput): CgroupRegisters {
  const registers: MutableRegisters = {
    joinInit: [],
    joinApp: new Map(input.apps.map(({ name }) => [name, []])),
    cgroupApp: new Map(),
    killApp: new Map(),
    oomApp: new Map(),
  };
  const placements = placeCgroups(input);
  const hasDevices = placements.some(
    ({ hierarchy }) => hierarchy.version === 1 && hierarchy.controllers.includes('devices'),
  );
  for (const placement of placements) {
    planPod(host, placement, hasDevices);
    for (const leaf of placement.leaves) planLeaf(host, placement, leaf);
    if (placement.hierarchy.version === 2) openVersion2(host, placement, input, registers);
    else openVersion1(host, placement, registers);
  }
  planCleanup(cleanup, placements);
  return registers;
}

function planPod(host: Tape, { hierarchy, writes, leaves }: Placement, hasDevices: boolean): void {
  const { mountPoint, version } = hierarchy;
  const mine = leaves.flatMap((leaf) => leaf.writes);
  if (version === 2) {
    // The cpu controller as well, so that pods get equal shares whatever they run.
    const wanted = hierarchy.controllers.filter(
      (name) => name === 'cpu' || controllersOf(hierarchy.controllers, [...writes, ...mine]).includes(name),
    );
    enableControllers(host, mountPoint, missing(hierarchy.enabled ?? [], wanted));
  }
  makeDirectory(host, podPath(mountPoint));
  if (version === 1 && hierarchy.controllers.includes('cpuset')) inheritCpuset(host, mountPoint, []);
  planWrites(host, mountPoint, [], writes);
  if (version === 1 ? hierarchy.controllers.includes('devices') : !hasDevices) planDevices(host, hierarchy);
  if (version === 2) enableControllers(host, podPath(mountPoint), controllersOf(hierarchy.controllers, mine));
}

function planLeaf(host: Tape, { hierarchy }: Placement, leaf: Leaf): void {
  const { mountPoint, version, controllers } = hierarchy;
  makeDirectory(host, podPath(mountPoint, leaf.name), leaf.app);
  if (version === 1 && controllers.includes('cpuset')) inheritCpuset(host, mountPoint, [leaf.name]);
  planWrites(host, mountPoint, [leaf.name], leaf.writes);
}

function makeDirectory(host: Tape, path: Text, app?: string): void {
  const why = app === undefined ? 'make a cgroup of the pod' : `make the cgroup of app "${app}"`;
  host.call('mkdirat', [AT_FDCWD, host.text(path), 0o755], { why });
}

/** Memory and pids are enabled even without limits, to count by. */
function controllersOf(available: readonly string[], writes: readonly CgroupWrite[]): string[] {
  const wanted = new Set(['memory', 'pids', ...writes.map(({ controller }) => controller)]);
  return available.filter((controller) => wanted.has(controller));
}

function missing(enabled: readonly string[], wanted: readonly string[]): string[] {
  return wanted.filter((controller) => !enabled.includes(controller));
}

/** Gives the controllers to the children of `directory`; those they have already are no error. */
function enableControllers(host: Tape, directory: Text, controllers: readonly string[]): void {
  if (controllers.length === 0) return;
  const path: Text = [...(typeof directory === 'string' ? [directory] : directory), '/cgroup.subtree_control'];
  const text = controllers.map((controller) => `+${controller}`).join(' ');
  withFile(host, path, O_WRONLY, { why: 'open "cgroup.subtree_control"' }, (fd) => {
    host.call('write', [fd, host.text(text), text.length], { why: `enable the controllers "${text}"` });
  });
}

const CPUSET_BYTES = 4096;

/** A version 1 cpuset starts empty, and no process may join it before it has processors and memory: it gets its parent's. */
function inheritCpuset(host: Tape, mountPoint: string, below: readonly string[]): void {
  const buffer = host.buffer(CPUSET_BYTES);
  const length = host.program.reg('cgroup.length');
  const parent: Text = below.length === 0 ? mountPoint : podPath(mountPoint);
  for (const file of ['cpuset.cpus', 'cpuset.mems']) {
    const why = `inherit "${file}"`;
    const from: Text = [...(typeof parent === 'string' ? [parent] : parent), `/${file}`];
    withFile(host, from, O_RDONLY, { why }, (fd) =>
      host.call('read', [fd, buffer, CPUSET_BYTES], { out: length, why }),
    );
    withFile(host, podPath(mountPoint, ...below, file), O_WRONLY, { why }, (fd) =>
      host.call('write', [fd, buffer, length], { why }),
    );
  }
}

function openVersion1(host: Tape, { hierarchy, leaves }: Placement, registers: MutableRegisters): void {
  const { mountPoint, controllers } = hierarchy;
  const name = controllers[0]!;
  registers.joinInit.push(open(host, podPath(mountPoint, 'tasks'), O_WRONLY, `cgroup.${name}.init`));
  for (const leaf of leaves) {
    const tasks = open(host, podPath(mountPoint, leaf.name, 'tasks'), O_WRONLY, `cgroup.${name}.${leaf.name}`);
    registers.joinApp.get(leaf.app!)!.push(tasks);
    if (!controllers.includes('memory')) continue;
    registers.oomApp.set(
      leaf.app!,
      open(host, podPath(mountPoint, leaf.name, 'memory.oom_control'), O_RDONLY, `oom.${leaf.name}`),
    );
  }
}

function openVersion2(host: Tape, { hierarchy }: Placement, input: CgroupPlanInput, registers: MutableRegisters): void {
  const { mountPoint, controllers } = hierarchy;
  registers.cgroupInit = open(host, podPath(mountPoint, INIT_LEAF), O_PATH | O_DIRECTORY, 'cgroup.init');
  if (input.owner !== undefined) giveProcs(host, mountPoint, [], input.owner);
  for (const { name } of input.apps) {
    const leaf = appLeaf(name);
    registers.cgroupApp.set(name, open(host, podPath(mountPoint, leaf), O_PATH | O_DIRECTORY, `cgroup.${leaf}`));
    registers.killApp.set(name, open(host, podPath(mountPoint, leaf, 'cgroup.kill'), O_WRONLY, `kill.${leaf}`, true));
    if (input.owner !== undefined) giveProcs(host, mountPoint, [leaf], input.owner);
    if (controllers.includes('memory')) {
      registers.oomApp.set(name, open(host, podPath(mountPoint, leaf, 'memory.events'), O_RDONLY, `oom.${leaf}`));
    }
  }
}

function giveProcs(host: Tape, mountPoint: string, below: readonly string[], owner: Arg): void {
  host.call('fchownat', [AT_FDCWD, host.text(podPath(mountPoint, ...below, 'cgroup.procs')), owner, owner, 0], {
    why: 'let PID 1 start processes in the cgroup',
  });
}

/** `optional`: until Linux 5.14 there is no cgroup.kill; init then reaps what the pid namespace's end kills. */
function open(host: Tape, path: Text, flags: number, name: string, optional = false): Reg {
  const out = host.program.reg(name);
  host.call('openat', [AT_FDCWD, host.text(path), flags | O_CLOEXEC, 0], {
    out,
    why: 'open a cgroup of the pod',
    ...(optional ? { tolerate: ['ENOENT'] } : {}),
  });
  return out;
}
