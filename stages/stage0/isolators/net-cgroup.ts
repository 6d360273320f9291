import { PodError } from '../error.ts';
import { findController } from './controllers.ts';
import type { IsolatorContext } from './isolator.ts';

/** net_cls and net_prio are of version 1 only, and mark what leaves by the host's own interfaces. */
export function requireNetController(context: IsolatorContext, controller: string, isolator: string): void {
  const { at, host, hostNetwork } = context;
  const what = `apply "${isolator}"`;
  if (!findController(host, controller)) {
    throw new PodError(
      'host/unsupported',
      `${what}: no hierarchy of cgroup version 1 with "${controller}" is mounted`,
      {
        at,
        hint: 'cgroup version 2 has none: match the cgroup in a rule of nftables instead, socket cgroupv2 level 1 "pod-UUID"',
      },
    );
  }
  if (hostNetwork) return;
  throw new PodError('manifest/schema', `${what}: the mark would end at the pod's own network namespace`, {
    at,
    hint: 'it takes "network: {mode: host}"; resource/network-bandwidth limits a pod with a link of its own',
  });
}
