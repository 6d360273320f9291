import { O_CLOEXEC, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { Reason } from './mount-ops.ts';
import type { RootfsInput } from './types.ts';

/** The kernel shows a network namespace less where its user namespace is not the host's; which, has changed with its versions. */
const ABSENT = 'this kernel has no such setting for a pod, or only for one with "userns: host"';

/** Numbers, of which the kernel shows each as it was written. */
const SEVERAL = /^\s*(0|-?[1-9]\d*)(\s+(0|-?[1-9]\d*))+\s*$/;
const TOO_MANY = 'how many numbers does this setting take?';

/** Into the pod's own namespaces, through the /proc that init has just mounted and before /proc/sys becomes read-only in it. */
export function planSysctls(tree: Tape, input: RootfsInput): void {
  const { program } = tree;
  for (const { value, at } of input.sysctls) {
    const reason = { at, why: `set sysctl ${value.name} to ${JSON.stringify(value.text)}` };
    if (value.name === 'kernel.domainname') {
      // Its file belongs to the host's root, whoever owns the namespace; the call asks for the owner's capability.
      tree.call('setdomainname', [tree.text(value.text), Buffer.byteLength(value.text)], reason);
      continue;
    }
    const file = program.reg('sysctl');
    const path = `sys/${value.name.replaceAll('.', '/')}`;
    tree.call('openat', [program.reg('proc'), tree.text(path), O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
      ...reason,
      hint: ABSENT,
      out: file,
    });
    tree.call('write', [file, tree.text(value.text), Buffer.byteLength(value.text)], reason);
    tree.call('close', [file], reason);
    if (SEVERAL.test(value.text)) planLook(tree, path, value.text, reason);
  }
}

/** Of too many numbers the kernel takes the first, and says that it took all. Behind too few are those that were there. */
function planLook(tree: Tape, path: string, text: string, { at, why }: Reason): void {
  const { program } = tree;
  const file = program.reg('sysctl');
  const expected = Buffer.from(text.trim().split(/\s+/).join('\t'));
  const found = tree.buffer(expected.length);
  const reason = { at, why: `${why}: the kernel says that it is something else`, hint: TOO_MANY };
  tree.call('openat', [program.reg('proc'), tree.text(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
    ...reason,
    out: file,
  });
  tree.call('read', [file, found, expected.length], reason);
  tree.call('tape.equal', [found, tree.bytes(expected), expected.length], reason);
  tree.call('close', [file], reason);
}
