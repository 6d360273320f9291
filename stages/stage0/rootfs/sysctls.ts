import { O_CLOEXEC, O_NOFOLLOW, O_RDONLY, O_WRONLY } from '../../linux/constants.ts';
import type { Tape } from '../../tape/program.ts';
import type { Reason } from './mount-ops.ts';
import type { RootfsInput } from './types.ts';

/**
 * The kernel shows fewer settings in a network namespace whose user namespace is not the host's; which ones depends on the version.
 */
const ABSENT = 'this kernel has no such setting for a pod, or only for one with "userns: host"';

/** Several numbers, each in the form in which the kernel prints it. */
const SEVERAL = /^\s*(0|-?[1-9]\d*)(\s+(0|-?[1-9]\d*))+\s*$/;
const TOO_MANY = 'how many numbers does this setting take?';

/**
 * Sets sysctls of the pod's own namespaces, through the /proc that init has just mounted, before its /proc/sys becomes read-only.
 */
export function planSysctls(tree: Tape, input: RootfsInput): void {
  const { program } = tree;
  for (const { value, at } of input.sysctls) {
    const reason = { at, why: `set sysctl ${value.name} to ${JSON.stringify(value.text)}` };
    if (value.name === 'kernel.domainname') {
      // The file belongs to the host's root, whoever owns the namespace; the system call checks the owner's capability instead.
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

/**
 * Reads the setting back. Of too many numbers, the kernel uses the first ones and reports that it took them all; with too few, the
 * remaining old ones are kept.
 */
function planLook(tree: Tape, path: string, text: string, { at, why }: Reason): void {
  const { program } = tree;
  const file = program.reg('sysctl');
  const expected = Buffer.from(text.trim().split(/\s+/).join('\t'));
  const found = tree.buffer(expected.length);
  const reason = { at, why: `${why}: the kernel reports another value`, hint: TOO_MANY };
  tree.call('openat', [program.reg('proc'), tree.text(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0], {
    ...reason,
    out: file,
  });
  tree.call('read', [file, found, expected.length], reason);
  tree.call('tape.equal', [found, tree.bytes(expected), expected.length], reason);
  tree.call('close', [file], reason);
}
