import type { Arg, Tape } from '../../tape/program.ts';
import { type CgroupInput, placeCgroups } from './layout.ts';
import { appDevices, podDevices } from './device-policy.ts';
import { planCleanup } from './plan-cleanup.ts';
import { planLeaf, planPodDirectory } from './plan-directories.ts';
import { attachProgram } from './plan-devices.ts';
import { openVersion1, openVersion2 } from './plan-open.ts';
import type { CgroupRegisters, OpenRegisters } from './registers.ts';

export type { CgroupRegisters } from './registers.ts';

export interface CgroupPlanInput extends CgroupInput {
  /**
   * Host uid of the pod's root, where the pod has a user namespace. On version 2 it comes to own `cgroup.procs` of the pod and
   * of its apps, and of nothing else there: clone3(CLONE_INTO_CGROUP) checks the caller's own right to write to it, so PID 1
   * could not start an app otherwise. Limits stay the host's.
   */
  readonly owner?: Arg;
  /** To load a device policy takes the host's privilege; a normal user has no access to devices that are not for all. */
  readonly withoutDevicePolicy?: boolean;
}

/**
 * The pod's cgroups as ops. In each hierarchy the pod's directory gets its limits and the device policy before it has
 * children: version 1 refuses `devices.deny` later, and a limit must hold before the first process joins.
 */
export function planCgroups(host: Tape, cleanup: Tape, input: CgroupPlanInput): CgroupRegisters {
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
    planPodDirectory(host, placement, hasDevices, podDevices(input.devices));
    for (const leaf of placement.leaves) {
      planLeaf(host, placement, leaf);
      const own = leaf.app === undefined ? undefined : appDevices(leaf.app, input.devices);
      if (placement.hierarchy.version === 2 && !hasDevices && own)
        attachProgram(host, placement.hierarchy, own, [leaf.name]);
    }
    if (placement.hierarchy.version === 2) openVersion2(host, placement, registers, input.owner);
    else openVersion1(host, placement, registers);
  }
  planCleanup(cleanup, placements);
  return registers;
}
