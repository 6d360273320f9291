import type { Arg, Tape } from '../../tape/program.ts';
import { type CgroupInput, placeCgroups } from './layout.ts';
import { appDevices, podDevices } from './device-policy.ts';
import { planCleanup } from './plan-cleanup.ts';
import { planLeaf, planPodDirectory } from './plan-directories.ts';
import { attachProgram } from './plan-devices.ts';
import { openBirthplace, openVersion1, openVersion2 } from './plan-open.ts';
import type { CgroupRegisters, OpenRegisters } from './registers.ts';

export type { CgroupRegisters } from './registers.ts';

export interface CgroupPlanInput extends CgroupInput {
  /**
   * Host uid of the pod's root, if the pod has a user namespace. On version 2 it becomes the owner of `cgroup.procs` of the pod and
   * of its apps, and of nothing else there: clone3(CLONE_INTO_CGROUP) checks the caller's own permission to write to this file, so
   * PID 1 could not start an app otherwise. The limits stay the host's.
   */
  readonly owner?: Arg;
  /** Loading a device policy requires the host's privilege; a normal user has access only to devices that are open to everyone. */
  readonly withoutDevicePolicy?: boolean;
}

export interface CgroupTapes {
  /** Played before init exists: the directory that init is born in. */
  readonly host: Tape;
  /** Played while init makes its network namespace: the other directories that init joins. */
  readonly base: Tape;
  /** Played while init continues: the apps' directories. */
  readonly leaves: Tape;
  readonly cleanup: Tape;
}

/**
 * Plans the pod's cgroups. In each hierarchy the pod's directory gets its limits and the device policy before it has children:
 * version 1 rejects `devices.deny` later, and a limit must hold before the first process joins.
 */
export function planCgroups({ host, base, leaves, cleanup }: CgroupTapes, input: CgroupPlanInput): CgroupRegisters {
  const registers: OpenRegisters = {
    joinInit: [],
    joinApp: new Map(input.apps.map(({ name }) => [name, []])),
    cgroupApp: new Map(),
    killApp: new Map(),
    oomApp: new Map(),
    procsApp: new Map(),
  };
  const placements = placeCgroups(input);
  const hasDevices =
    input.withoutDevicePolicy === true ||
    placements.some(({ hierarchy }) => hierarchy.version === 1 && hierarchy.controllers.includes('devices'));
  for (const placement of placements) {
    const { version } = placement.hierarchy;
    planPodDirectory(version === 2 ? host : base, placement, hasDevices, podDevices(input.devices));
    for (const leaf of placement.leaves) {
      planLeaf(version === 2 && leaf.app === undefined ? host : leaves, placement, leaf);
      const own = leaf.app === undefined ? undefined : appDevices(leaf.app, input.devices);
      if (version === 2 && !hasDevices && own) attachProgram(leaves, placement.hierarchy, own, [leaf.name]);
    }
    if (version === 1) {
      openVersion1({ base, leaves }, placement, registers);
      continue;
    }
    registers.cgroupInit = openBirthplace(host, placement);
    openVersion2(leaves, placement, registers, input.owner);
  }
  planCleanup(cleanup, placements);
  return registers;
}
