import type { PodSpec } from '../manifest/spec.ts';
import { planAttachVeth, planNetworkCleanup, planPodNetwork } from '../network/plan-network.ts';
import type { PublishedPort } from '../network/types.ts';
import type { NetworkPlan } from '../plan/types.ts';

/** What the pod's network mode puts on the tapes. */
export function planNetwork(spec: PodSpec): NetworkPlan {
  const ports = publishedPorts(spec);
  return {
    planAttach: (attach, bandwidth) => planAttachVeth(attach, spec.network, ports, bandwidth),
    planPod: (pod, bandwidth) => planPodNetwork(pod, spec.network, bandwidth),
    planSettle: (settle) => planNetworkCleanup(settle, spec.network, ports),
  };
}

export function publishedPorts(spec: PodSpec): PublishedPort[] {
  return spec.apps.flatMap((app) =>
    app.ports.flatMap((port) =>
      port.hostPort === undefined ? [] : [{ ...port, hostPort: port.hostPort, app: app.name }],
    ),
  );
}
