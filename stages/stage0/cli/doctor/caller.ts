// What a normal user's pods need of this host.

import { release } from 'node:os';
import { NOT_DELEGATED } from '../../isolators/controllers.ts';
import { closedSwitches, howToGetIds } from '../../launch/require-caller.ts';
import { idCount } from '../../plan/caller.ts';
import { missingForNetwork, readCaller } from '../../plan/read-caller.ts';
import { readHostFacts } from '../../plan/read-facts.ts';
import type { Check, Finding } from './check.ts';

export const CALLER_CHECKS: readonly Check[] = [
  { name: 'user namespaces', run: checkSwitches },
  { name: 'ids', run: checkIds },
  { name: 'network', run: checkNetwork },
  { name: 'cgroups', run: checkDelegation },
];

function checkSwitches(): Finding {
  const closed = closedSwitches().map(({ name, value }) => `${name} is ${value}`);
  if (closed.length === 0) return { status: 'OK', detail: `uid ${process.geteuid!()} on Linux ${release()}` };
  return {
    status: 'missing',
    detail: closed.join('; '),
    remedy: 'have an administrator change the setting, or run as root',
  };
}

function checkIds(): Finding {
  const count = idCount(readCaller()!);
  if (count > 1) return { status: 'OK', detail: `${count} ids for a pod` };
  return { status: 'limited', detail: 'one id: a pod has no users except its root', remedy: howToGetIds() };
}

function checkNetwork(): Finding {
  const missing = missingForNetwork();
  if (missing.length === 0) return { status: 'OK', detail: 'slirp4netns' };
  return { status: 'limited', detail: 'only modes none and host', remedy: missing.join(', and ') };
}

function checkDelegation(): Finding {
  const [tree] = readHostFacts().cgroup.hierarchies;
  if (!tree) return { status: 'limited', detail: 'no cgroup: no limits, no pause', remedy: NOT_DELEGATED };
  return { status: 'OK', detail: `${tree.controllers.join(' ') || 'no controllers'}, in ${tree.mountPoint}` };
}
