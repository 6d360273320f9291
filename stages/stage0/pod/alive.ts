import { cgroupMountPoints, readCgroup } from './host-pids.ts';
import { isLocked } from './lock.ts';
import type { PodDir } from './store.ts';

/**
 * Tells living pods from dead ones. A pod whose cgroup contains processes is alive: a single read shows it, and no pid that could
 * be reused is involved. Otherwise the pod is being made or is dead, and its lock decides. That needs the native library, which
 * takes 9 ms to load.
 */
export class Liveness {
  #mountPoints: readonly string[] | undefined;

  isAlive(pod: Pick<PodDir, 'uuid' | 'path'>): boolean {
    return this.#isPopulated(pod.uuid) || isLocked(pod.path);
  }

  get mountPoints(): readonly string[] {
    return (this.#mountPoints ??= cgroupMountPoints());
  }

  #isPopulated(uuid: string): boolean {
    for (const point of this.mountPoints) {
      const events = readCgroup(`${point}/pod-${uuid}/cgroup.events`);
      if (events !== '') return events.includes('populated 1');
    }
    // Without a version 2 tree, PID 1 is in the pod's own directory.
    return this.mountPoints.some((point) => readCgroup(`${point}/pod-${uuid}/cgroup.procs`) !== '');
  }
}
