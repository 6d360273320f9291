import { PodError, type Position } from '../error.ts';
import type { CgroupHierarchy, HostFacts, Look } from '../plan/facts.ts';
import { findingOf } from './finding.ts';
import type { IsolatorContext } from './isolator.ts';

export const NOT_DELEGATED =
  'on cgroup version 2, a normal user can set limits in a delegated cgroup: systemd-run --user --scope -p Delegate=yes pod run …';

/** Where the host has this controller; undefined when no mounted hierarchy does. */
export function findController(host: HostFacts, controller: string): CgroupHierarchy | undefined {
  return host.cgroup.hierarchies.find(({ controllers }) => controllers.includes(controller));
}

/** The same for a manifest that asks for it: without the controller, the line is refused. */
export function requireController(context: IsolatorContext, controller: string, isolator: string): CgroupHierarchy {
  const found = findController(context.host, controller);
  if (found) return found;
  throw new PodError(
    'host/unsupported',
    `apply "${isolator}": no cgroup hierarchy with the "${controller}" controller is ${context.host.caller ? 'yours' : 'mounted'}`,
    {
      at: context.at,
      hint: context.host.caller
        ? NOT_DELEGATED
        : `mount cgroup2 on /sys/fs/cgroup, or boot without cgroup_disable=${controller}`,
    },
  );
}

/** Whether the kernel has a control file that it can be built without, or did not have from the start. */
export function lookForControl(host: HostFacts, controller: string, file: string): Look[] {
  const found = findController(host, controller);
  return found ? [`control ${found.mountPoint}/${file}`] : [];
}

/** Where no cgroup can tell, the start does: the write of the file fails at its line. */
export function lacksControl(context: IsolatorContext, controller: string, file: string): boolean | undefined {
  const { mountPoint } = findController(context.host, controller)!;
  const found = findingOf(context.host, 'control', `${mountPoint}/${file}`);
  return found === null ? undefined : !found;
}

export function refuseWithoutControl(
  context: IsolatorContext,
  { controller, file, what, at }: { controller: string; file: string; what: string; at: Position },
): void {
  if (!lacksControl(context, controller, file)) return;
  throw new PodError('host/unsupported', `${what}: this kernel has no "${file}"`, { at });
}
