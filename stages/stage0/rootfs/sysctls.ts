import { O_CLOEXEC, O_NOFOLLOW, O_WRONLY } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { RootfsInput } from './types.ts';

/** The kernel shows a network namespace less where its user namespace is not the host's; which, has changed with its versions. */
const ABSENT = 'this kernel has no such setting for a pod, or only for one with "userns: host"';

/** Into the pod's own namespaces, through the /proc that init has just mounted and before /proc/sys becomes read-only in it. */
export function planSysctls(tree: Tape, input: RootfsInput): void {
  const { program } = tree;
  for (const { value, at } of input.sysctls) {
    const reason = { at, why: `set sysctl ${value.name} to ${JSON.stringify(value.text)}` };
    const file = program.reg('sysctl');
    const path = `sys/${value.name.replaceAll('.', '/')}`;
    tree.call('openat', [program.reg('proc'), tree.text(path), O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
      ...reason,
      hint: ABSENT,
      out: file,
    });
    tree.call('write', [file, tree.text(value.text), Buffer.byteLength(value.text)], reason);
    tree.call('close', [file], reason);
  }
}
