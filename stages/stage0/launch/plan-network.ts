import type { PodSpec } from '../manifest/spec.ts';
import { planNetworkCleanup, planNetworkInside, planVeth } from '../network/plan-network.ts';
import type { PublishedPort } from '../network/types.ts';
import type { Position } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';
import { isUserMode } from '../plan/namespaces.ts';
import { planCni } from './plan-cni.ts';
import type { NetworkPlan } from '../plan/types.ts';

/** Plans the pod's network mode. */
export function planNetwork(spec: PodSpec, host: HostFacts): NetworkPlan {
  const ports = publishedPorts(spec);
  if (isUserMode(spec, host)) return userModePlan(spec.network.at);
  if (spec.network.mode === 'cni') return planCni(spec.network.at);
  return {
    planLink: (link, bandwidth) => planVeth(link, spec.network, ports, bandwidth),
    planInside: (network, bandwidth) => planNetworkInside(network, spec.network, bandwidth),
    planSettle: (settle) => planNetworkCleanup(settle, spec.network, ports),
  };
}

/** Everything except the loopback is set up by the network program, before anything else. */
function userModePlan(at: Position): NetworkPlan {
  const nothing = (): void => {};
  return {
    planLink: nothing,
    planInside: (network) => planNetworkInside(network, { mode: 'none', at }),
    planSettle: nothing,
  };
}

export function publishedPorts(spec: PodSpec): PublishedPort[] {
  return spec.apps.flatMap((app) =>
    app.ports.flatMap((port) =>
      port.hostPort === undefined ? [] : [{ ...port, hostPort: port.hostPort, app: app.name }],
    ),
  );
}
