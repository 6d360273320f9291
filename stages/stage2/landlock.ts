import { AT_FDCWD, O_CLOEXEC, O_PATH } from '../linux/constants.ts';
import {
  LANDLOCK_RULE_NET_PORT,
  LANDLOCK_RULE_PATH_BENEATH,
  netPortAttr,
  PATH_BENEATH_FD_AT,
  pathBeneathAttr,
  rulesetAttr,
} from '../linux/landlock.ts';
import { offset, type Tape } from '../tape/program.ts';
import type { Landlock, ProcessPlan } from './process.ts';

/** Applied inside the app's root, because the rules name its paths. Needs no_new_privs, or CAP_SYS_ADMIN in the user namespace. */
export function restrictByLandlock(tape: Tape, { landlock }: ProcessPlan): void {
  if (!landlock) return;
  const ruleset = tape.program.reg('landlock');
  const { at, handledFs, handledNet } = landlock;
  const attr = rulesetAttr(handledFs, handledNet);
  const make = { at, why: 'make a Landlock ruleset' };
  tape.call('landlock_create_ruleset', [tape.bytes(attr), attr.length, 0], { ...make, out: ruleset });
  allowPaths(tape, landlock);
  for (const { port, access, at: line } of landlock.ports) {
    const rule = tape.bytes(netPortAttr(access, port));
    const options = { at: line, why: `allow port ${port}` };
    tape.call('landlock_add_rule', [ruleset, LANDLOCK_RULE_NET_PORT, rule, 0], options);
  }
  tape.call('landlock_restrict_self', [ruleset, 0], { at, why: 'restrict itself by Landlock' });
  tape.call('close', [ruleset], make);
}

function allowPaths(tape: Tape, { paths }: Landlock): void {
  const beneath = tape.program.reg('landlockPath');
  const ruleset = tape.program.reg('landlock');
  for (const { path, access, fileAccess, at } of paths) {
    const options = { at, why: `allow ${path} by Landlock` };
    tape.call('openat', [AT_FDCWD, tape.text(path), O_PATH | O_CLOEXEC, 0], { ...options, out: beneath });
    // Access rights for directories give EINVAL on a file, which then gets only the rights for files.
    for (const [bits, tolerate] of [
      [access, ['EINVAL']],
      [fileAccess, []],
    ] as const) {
      if (bits === 0n) continue;
      const rule = tape.bytes(pathBeneathAttr(bits));
      tape.call('tape.store32', [offset(rule, PATH_BENEATH_FD_AT), beneath], options);
      tape.call('landlock_add_rule', [ruleset, LANDLOCK_RULE_PATH_BENEATH, rule, 0], { ...options, tolerate });
    }
    tape.call('close', [beneath], options);
  }
}
