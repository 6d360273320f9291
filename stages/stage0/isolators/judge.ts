import { placeOf, type PodError } from '../error.ts';
import type { IsolatedPod } from '../manifest/spec.ts';
import type { Findings, HostFacts, Look } from '../plan/facts.ts';
import { lowerPod } from './lower-pod.ts';
import { findIsolator } from './registry.ts';

const CONTROLLERS = ['cpu', 'cpuset', 'io', 'memory', 'hugetlb', 'pids', 'rdma', 'misc'];

/** One that has all there is, so that what is wrong is wrong on every host. */
const ANY_HOST: HostFacts = {
  arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
  kernelRelease: '',
  cgroup: { mode: 'v2', hierarchies: [{ version: 2, controllers: CONTROLLERS, mountPoint: '/sys/fs/cgroup' }] },
  lastCapability: 63,
  effectiveCapabilities: (1n << 64n) - 1n,
  euid: 0,
  hardLimits: {},
  kernelPaths: new Set(),
  cpus: 1,
  hasTimeNamespace: true,
  hasDetachedLayers: true,
  landlockAbi: 64,
  oomScoreAdj: 0,
  looked: {},
};

/** Any list of processors and the usual huge pages are there; what else is looked for is not, which is no error of the manifest. */
function answer(look: Look): Findings[keyof Findings] {
  if (look.startsWith('text ')) return look.endsWith('.effective') ? '0-8191' : '';
  return look === 'names /sys/kernel/mm/hugepages' ? ['hugepages-2048kB', 'hugepages-1048576kB'] : null;
}

/** What is wrong with the values of isolators themselves and beside each other, wherever the pod is to run. */
export function judgeIsolators(spec: IsolatedPod): PodError[] {
  const all = [...spec.isolators, ...spec.apps.flatMap(({ isolators }) => isolators)];
  const looks = all.flatMap(({ name, value }) => findIsolator(name)?.look?.(value as never, ANY_HOST, '/') ?? []);
  const looked = Object.fromEntries(looks.map((look) => [look, answer(look)]));
  const { pod, apps } = lowerPod(spec, { ...ANY_HOST, looked });
  const errors = [...pod.errors, ...[...apps.values()].flatMap((app) => app.errors)];
  return errors.filter(({ code }) => code.startsWith('manifest/'));
}

/** A manifest that was read: what is wrong so far, and what can be judged further. */
interface Judgeable {
  readonly errors: readonly PodError[];
  readonly sound?: IsolatedPod;
}

/** Everything that is wrong with a manifest, wherever its pod is to run. */
export function allErrors({ errors, sound }: Judgeable): PodError[] {
  const places = new Set(errors.map(placeOf));
  const judged = sound ? judgeIsolators(sound) : [];
  return [...errors, ...judged.filter((error) => !places.has(placeOf(error)))];
}
