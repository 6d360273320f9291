import { O_CLOEXEC, O_NOFOLLOW, O_WRONLY } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { RootfsInput } from './types.ts';

/** Into the pod's own namespaces, through the /proc that init has just mounted and before /proc/sys becomes read-only in it. */
export function planSysctls(tree: Tape, input: RootfsInput): void {
  const { program } = tree;
  for (const { value, at } of input.sysctls) {
    const reason = { at, why: `set sysctl ${value.name} to ${JSON.stringify(value.text)}` };
    const file = program.reg('sysctl');
    const path = `sys/${value.name.replaceAll('.', '/')}`;
    tree.call('openat', [program.reg('proc'), tree.text(path), O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
      ...reason,
      out: file,
    });
    tree.call('write', [file, tree.text(value.text), Buffer.byteLength(value.text)], reason);
    tree.call('close', [file], reason);
  }
}
