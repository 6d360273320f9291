import { O_CLOEXEC, O_RDWR, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV } from '../linux/constants.ts';
import { openHow } from '../linux/structs.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/**
 * Sets the security module's label for the program to be executed; AppArmor and SELinux check their rules for the transition at
 * execve. Uses the /proc that init mounted and that no other process can change, without crossing mounts on it, and reads the label
 * back: a label written to something that an image put in place of /proc would have no effect (CVE-2019-16884, 2019-19921,
 * 2025-52881). Comes before no_new_privs, which both modules respect.
 */
export function setSecurityLabel(tape: Tape, { labels = [] }: ProcessPlan): void {
  for (const { attribute, request, shown, why, hints, at } of labels) {
    const options = { at, why };
    const file = tape.program.reg('label');
    const how = tape.bytes(openHow(O_RDWR | O_CLOEXEC, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS));
    const found = tape.program.scratch(4096);
    const path = tape.text(`self/attr/${attribute}`);
    tape.call('openat2', [tape.program.reg('proc'), path, how, 24], { ...options, out: file });
    tape.call('write', [file, tape.text(request), Buffer.byteLength(request)], { ...options, hints: hints?.write });
    tape.call('pread64', [file, found, 4096, 0], options);
    tape.call('tape.equal', [found, tape.text(shown), Buffer.byteLength(shown)], {
      ...options,
      hint: 'the kernel took the label, and shows another one',
    });
    tape.call('close', [file], options);
  }
}
