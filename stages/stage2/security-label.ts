import { O_CLOEXEC, O_RDWR, RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_XDEV } from '../linux/constants.ts';
import { openHow } from '../linux/structs.ts';
import type { Tape } from '../tape/program.ts';
import type { ProcessPlan } from './process.ts';

/**
 * Under which label of a security module the program will be executed; AppArmor's and SELinux's rules for the change are looked at
 * by execve. Through the /proc that init mounted and nobody else has, no mount on it crossed, and read back: a label written to what
 * an image put in place of /proc is no label (CVE-2019-16884, 2019-19921, 2025-52881). Before no_new_privs, which both heed.
 */
export function setSecurityLabel(tape: Tape, { labels = [] }: ProcessPlan): void {
  for (const { attribute, request, shown, why, at } of labels) {
    const options = { at, why };
    const file = tape.program.reg('label');
    const how = tape.bytes(openHow(O_RDWR | O_CLOEXEC, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS));
    const found = tape.program.scratch(4096);
    const path = tape.text(`self/attr/${attribute}`);
    tape.call('openat2', [tape.program.reg('proc'), path, how, 24], { ...options, out: file });
    tape.call('write', [file, tape.text(request), Buffer.byteLength(request)], options);
    tape.call('pread64', [file, found, 4096, 0], options);
    tape.call('tape.equal', [found, tape.text(shown), Buffer.byteLength(shown)], options);
    tape.call('close', [file], options);
  }
}
