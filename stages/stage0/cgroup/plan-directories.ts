import { AT_FDCWD, O_RDONLY, O_WRONLY } from '../../linux/constants.ts';
import type { Tape, Text } from '../../tape/program.ts';
import type { DeviceRule } from './devices.ts';
import { type Leaf, neededControllers, type Placement } from './layout.ts';
import { podPath } from './names.ts';
import { planDevices } from './plan-devices.ts';
import { planWrites, withFile } from './plan-writes.ts';

/** Makes the pod's directory in one hierarchy, with its limits. `hasDevices`: version 1 handles the devices. */
export function planPodDirectory(
  host: Tape,
  { hierarchy, writes, leaves }: Placement,
  hasDevices: boolean,
  devices: readonly DeviceRule[],
): void {
  const { mountPoint, version } = hierarchy;
  const mine = leaves.flatMap((leaf) => leaf.writes);
  if (version === 2) {
    // Also the cpu controller, so that pods get equal shares whatever they run.
    const needed = neededControllers(hierarchy, [...writes, ...mine]);
    const wanted = hierarchy.controllers.filter((name) => name === 'cpu' || needed.includes(name));
    enableControllers(
      host,
      mountPoint,
      wanted.filter((name) => !hierarchy.enabled?.includes(name)),
    );
  }
  makeDirectory(host, podPath(mountPoint));
  if (version === 1 && hierarchy.controllers.includes('cpuset')) inheritCpuset(host, mountPoint, []);
  planWrites(host, mountPoint, [], writes);
  if (version === 1 ? hierarchy.controllers.includes('devices') : !hasDevices) planDevices(host, hierarchy, devices);
  if (version === 2) enableControllers(host, podPath(mountPoint), neededControllers(hierarchy, mine));
}

export function planLeaf(host: Tape, { hierarchy }: Placement, leaf: Leaf): void {
  const { mountPoint, version, controllers } = hierarchy;
  makeDirectory(host, podPath(mountPoint, leaf.name), leaf.app);
  if (version === 1 && controllers.includes('cpuset')) inheritCpuset(host, mountPoint, [leaf.name]);
  planWrites(host, mountPoint, [leaf.name], leaf.writes);
}

function makeDirectory(host: Tape, path: Text, app?: string): void {
  const why = app === undefined ? 'make a cgroup of the pod' : `make the cgroup of app "${app}"`;
  host.call('mkdirat', [AT_FDCWD, host.text(path), 0o755], { why });
}

/** Enables the controllers for the children of `directory`; controllers already enabled are not an error. */
function enableControllers(host: Tape, directory: Text, controllers: readonly string[]): void {
  if (controllers.length === 0) return;
  const path: Text = [...(typeof directory === 'string' ? [directory] : directory), '/cgroup.subtree_control'];
  const text = controllers.map((controller) => `+${controller}`).join(' ');
  withFile(host, path, O_WRONLY, { why: 'open "cgroup.subtree_control"' }, (fd) => {
    host.call('write', [fd, host.text(text), text.length], { why: `enable the controllers "${text}"` });
  });
}

const CPUSET_BYTES = 4096;

/** A version 1 cpuset starts empty, and no process may join it before it has processors and memory nodes: it gets its parent's. */
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
