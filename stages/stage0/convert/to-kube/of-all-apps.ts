// What every app has of its own here, and only the pod has in Kubernetes.

import type { AppSpec } from '../../manifest/spec.ts';
import type { Findings } from '../findings.ts';
import type { Node } from '../node.ts';
import { ownPids } from './isolators.ts';
import type { KubePod } from './kube-pod.ts';

interface Placed {
  readonly app: AppSpec;
  readonly from: Node;
}

const MS = 1000;
const POLICIES = { never: 'Never', 'on-failure': 'OnFailure', always: 'Always' } as const;
const SAME = 'give all apps the same';

function split({ spec, from, inits }: KubePod): {
  readonly early: readonly Placed[];
  readonly main: readonly Placed[];
} {
  const items = from.field('apps')!.items;
  const all = spec.apps.map((app, index): Placed => ({ app, from: items[index]! }));
  const isEarly = ({ app }: Placed): boolean => inits.includes(app.name);
  return { early: all.filter(isEarly), main: all.filter((one) => !isEarly(one)) };
}

function placeOf({ from }: Placed, outer: string, inner?: string): Node {
  const field = from.field(outer);
  return (inner === undefined ? undefined : field?.field(inner)) ?? field ?? from.field('name') ?? from;
}

export function writeOfAllApps(pod: KubePod, findings: Findings): void {
  const { early, main } = split(pod);
  writeRestart(early, main, pod, findings);
  writeGrace([...early, ...main], pod, findings);
  writeGroups([...early, ...main], pod, findings);
  writeProcesses(main, pod);
}

function writeRestart(early: readonly Placed[], main: readonly Placed[], { out }: KubePod, findings: Findings): void {
  const { policy } = main[0]!.app.restart;
  out.set('restartPolicy', POLICIES[policy], placeOf(main[0]!, 'restart', 'policy'));
  const ofEarly = policy === 'never' ? 'never' : 'on-failure';
  for (const [placed, wanted] of [
    ...main.map((one) => [one, policy] as const),
    ...early.map((one) => [one, ofEarly] as const),
  ]) {
    if (placed.app.restart.policy === wanted) continue;
    const problem = `in this pod, Kubernetes would have the policy "${wanted}" for it`;
    findings.lose(placeOf(placed, 'restart', 'policy'), SAME, problem);
  }
}

function writeGrace(apps: readonly Placed[], { out }: KubePod, findings: Findings): void {
  const longest = Math.max(...apps.map(({ app }) => app.stop.graceMs));
  const seconds = Math.ceil(longest / MS);
  out.set('terminationGracePeriodSeconds', seconds, apps[0]!.from);
  for (const placed of apps) {
    if (placed.app.stop.graceMs === seconds * MS) continue;
    findings.lose(placeOf(placed, 'stop', 'grace'), SAME, `in this pod, Kubernetes would wait ${seconds}s for it`);
  }
}

function writeGroups(apps: readonly Placed[], { out }: KubePod, findings: Findings): void {
  const [first, ...others] = apps;
  const groups = JSON.stringify(first!.app.supplementaryGids);
  const from = placeOf(first!, 'supplementaryGids');
  for (const placed of others) {
    if (JSON.stringify(placed.app.supplementaryGids) === groups) continue;
    findings.lose(
      placeOf(placed, 'supplementaryGids'),
      SAME,
      'in Kubernetes, it would have the groups of the first app',
    );
  }
  if (groups !== '[]') out.map('securityContext', from).set('supplementalGroups', first!.app.supplementaryGids, from);
}

/** Apps see each other's processes here, unless they say otherwise. */
function writeProcesses(main: readonly Placed[], { from, out }: KubePod): void {
  const isOwn = ownPids(from);
  if (main.length > 1 && isOwn !== true) out.set('shareProcessNamespace', true, from);
  if (main.length === 1 && isOwn === true) out.set('shareProcessNamespace', false, from);
}
