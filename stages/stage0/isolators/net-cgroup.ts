import { PodError } from '../error.ts';
import { findController } from './controllers.ts';
import type { IsolatorContext } from './isolator.ts';

/**
 * What marks the packets of the pod: the controller of version 1, or with a version 2 tree a rule of nftables that looks at the
 * socket's cgroup. Both mark what leaves by the host's own interfaces.
 */
export function requireNetMarks(
  context: IsolatorContext,
  controller: string,
  isolator: string,
): 'controller' | 'nftables' {
  const { at, host, hostNetwork } = context;
  const what = `apply "${isolator}"`;
  const found = findController(host, controller);
  if (!found && host.caller) {
    throw new PodError(
      'host/privilege',
      `${what}: only root may add the rules that mark packets to the host's firewall`,
      {
        at,
        hint: 'run the pod as root',
      },
    );
  }
  if (!found && !host.cgroup.hierarchies.some(({ version }) => version === 2)) {
    throw new PodError(
      'host/unsupported',
      `${what}: no hierarchy of cgroup version 1 with "${controller}" is mounted`,
      {
        at,
        hint: `mount it, or a cgroup version 2 tree, by which nftables can tell the pod's packets`,
      },
    );
  }
  if (hostNetwork) return found ? 'controller' : 'nftables';
  throw new PodError(
    'manifest/schema',
    `${what}: the mark is lost when packets leave the pod's own network namespace`,
    {
      at,
      hint: 'this needs "network: {mode: host}"; resource/network-bandwidth limits a pod with a link of its own',
    },
  );
}
