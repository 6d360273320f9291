import { PodError } from '../error.ts';
import { hostIpsMeet } from '../manifest/check-ports.ts';
import type { Description, HostPort } from './describe.ts';

interface Owned {
  readonly about: Description;
  readonly port: HostPort;
}

/** The same host port of two pods of the folder, of which the second could never start. A pod that waits for the end of the other may. */
export function portErrors(pods: readonly Description[]): PodError[] {
  const seen = new Map<string, Owned[]>();
  return pods
    .flatMap((about) => about.hostPorts.map((port): Owned => ({ about, port })))
    .flatMap((wanted) => {
      const key = `${wanted.port.port}/${wanted.port.protocol}`;
      const others = seen.get(key) ?? [];
      seen.set(key, [...others, wanted]);
      const other = others.find((candidate) => areInTheWay(candidate, wanted, pods));
      return other ? [twin(wanted, other, key)] : [];
    });
}

/** Ports that one manifest publishes twice are its own error. */
function areInTheWay(a: Owned, b: Owned, pods: readonly Description[]): boolean {
  if (a.about.name === b.about.name || !hostIpsMeet(a.port.hostIP, b.port.hostIP)) return false;
  return !followsEnd(a.about, b.about.name, pods) && !followsEnd(b.about, a.about.name, pods);
}

/** Whether the pod starts only after the one with that name has ended, because of itself or of a pod for which it waits. */
function followsEnd(
  pod: Description,
  name: string,
  pods: readonly Description[],
  visited = new Set<string>(),
): boolean {
  if (visited.has(pod.name)) return false;
  visited.add(pod.name);
  return pod.rollout.dependsOn.some((one) => {
    if (one.pod === name && one.condition === 'completed') return true;
    const before = pods.find((candidate) => candidate.name === one.pod);
    return before !== undefined && followsEnd(before, name, pods, visited);
  });
}

function twin({ about, port }: Owned, other: Owned, key: string): PodError {
  const message = `publish host port ${key} of pod "${about.name}": the pod "${other.about.name}" of "${other.about.at.file}" has it`;
  return new PodError('manifest/duplicate', message, { at: port.at, hint: 'give one of them another hostPort' });
}
