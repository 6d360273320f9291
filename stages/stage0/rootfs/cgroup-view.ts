import {
  AT_FDCWD,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
} from '../../linux/constants.ts';
import type { Reg, Tape } from '../../tape/program.ts';
import { attachMount, bind, cloneTree, setMountAttr } from './mount-ops.ts';
import type { RootfsApp, RootfsInput } from './types.ts';

const SYS_FS_CGROUP = 'sys/fs/cgroup';
const READ_ONLY = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY;

function viewReg(tape: Tape, app: RootfsApp, name: string): Reg {
  return tape.program.reg(`cgroup-view/${app.name}/${name}`);
}

/** Detached read-only clones of the apps' own cgroup directories. Nothing above the directories can be reached from the clones. */
export function planCgroupViewSources(tree: Tape, input: RootfsInput): void {
  for (const app of input.apps) {
    for (const { name, path } of app.cgroupViews) {
      const mount = viewReg(tree, app, name);
      const reason = { at: app.at, why: `open the cgroup of app "${app.name}"` };
      cloneTree(tree, AT_FDCWD, path, mount, reason);
      setMountAttr(tree, mount, { set: READ_ONLY }, reason);
    }
  }
}

/** On a version 1 host: makes mount points for the hierarchies, where apps get read-only clones of the directory. */
export function planCgroupViewTree(pod: Tape, input: RootfsInput, initRoot: Reg): void {
  const names = new Set(
    input.apps.flatMap((app) => app.cgroupViews.map(({ name }) => name)).filter((name) => name !== ''),
  );
  if (names.size === 0) return;
  const reason = { at: input.podAt, why: 'make the directory of the cgroups apps see' };
  pod.call('mkdirat', [initRoot, pod.text('cgroup'), 0o755], reason);
  for (const name of names) {
    pod.call('mkdirat', [initRoot, pod.text(`cgroup/${name}`), 0o755], reason);
    for (const part of partsOf(name))
      pod.call('symlinkat', [pod.text(name), initRoot, pod.text(`cgroup/${part}`)], reason);
  }
}

/** Programs look for single controllers: `cpu` and `cpuacct` lead to `cpu,cpuacct`, as on the host. */
function partsOf(name: string): string[] {
  return name.includes(',') ? name.split(',') : [];
}

/** The app's /sys is ours, so its path contains no links of the image. */
export function planCgroupViews(pod: Tape, app: RootfsApp, initRoot: Reg): void {
  const target = `apps/${app.name}/${SYS_FS_CGROUP}`;
  const reason = { at: app.at, why: `show app "${app.name}" its cgroup` };
  if (app.cgroupViews.some(({ name }) => name !== '')) {
    bind(pod, [initRoot, 'cgroup'], [initRoot, target], reason, { set: MOUNT_ATTR_RDONLY });
  }
  for (const { name } of app.cgroupViews) {
    const mount = viewReg(pod, app, name);
    attachMount(pod, mount, initRoot, name === '' ? target : `${target}/${name}`, reason);
    pod.call('close', [mount], reason);
  }
}
