import { PodError, PodErrors, podErrorsOf, type Position } from '../error.ts';
import { nearest } from '../pod/nearest.ts';

/** A pod and its dependencies. */
export interface Ordered {
  readonly name: string;
  readonly rollout: {
    readonly dependsOn: readonly { readonly pod: string; readonly at?: Position | undefined }[];
  };
}

/**
 * Each pod after its dependencies, otherwise in the given order. Throws a `PodErrors`: `manifest/reference` for an unknown
 * dependency, `manifest/cycle` for each cycle, with its path.
 */
export function inOrder<Pod extends Ordered>(pods: readonly Pod[]): Pod[] {
  const byName = new Map(pods.map((pod) => [pod.name, pod]));
  const errors = pods.flatMap((pod) => missingOf(pod, byName));
  const order: Pod[] = [];
  const done = new Set<Pod>();
  for (const pod of pods) errors.push(...visit(pod, byName, done, order));
  if (errors.length > 0) throw new PodErrors(errors);
  return order;
}

/** The errors that `inOrder` would throw. */
export function orderErrors(pods: readonly Ordered[]): readonly PodError[] {
  try {
    inOrder(pods);
    return [];
  } catch (error) {
    return podErrorsOf(error);
  }
}

function missingOf({ name, rollout }: Ordered, byName: ReadonlyMap<string, Ordered>): PodError[] {
  return rollout.dependsOn.flatMap(({ pod, at }) => {
    if (byName.has(pod)) return [];
    const near = nearest(pod, [...byName.keys()]);
    const hint = near === undefined ? 'a pod can depend only on pods of its own set' : `did you mean "${near}"?`;
    return [
      new PodError('manifest/reference', `order pod "${name}" after "${pod}": no pod of the set has that name`, {
        at,
        hint,
      }),
    ];
  });
}

/** A step of the search: the pod, and which of its dependencies is next. */
interface Step<Pod> {
  readonly pod: Pod;
  next: number;
}

/** Depth first, with an explicit stack: a chain may be longer than the engine's call stack. */
function visit<Pod extends Ordered>(
  first: Pod,
  byName: ReadonlyMap<string, Pod>,
  done: Set<Pod>,
  order: Pod[],
): PodError[] {
  if (done.has(first)) return [];
  const errors: PodError[] = [];
  const path: Step<Pod>[] = [{ pod: first, next: 0 }];
  for (let step = path.at(-1); step; step = path.at(-1)) {
    const dependency = step.pod.rollout.dependsOn[step.next++];
    if (!dependency) {
      done.add(step.pod);
      order.push(step.pod);
      path.pop();
      continue;
    }
    const pod = byName.get(dependency.pod);
    if (!pod || done.has(pod)) continue;
    const start = path.findIndex((one) => one.pod === pod);
    if (start < 0) path.push({ pod, next: 0 });
    else
      errors.push(
        circle(
          path.slice(start).map((one) => one.pod),
          dependency.at,
        ),
      );
  }
  return errors;
}

function circle(pods: readonly Ordered[], at: Position | undefined): PodError {
  const path = [...pods, pods[0]!].map(({ name }) => `"${name}"`).join(' → ');
  const message = pods.length === 1 ? `order pod ${path}: it depends on itself` : `order the pods: ${path} is a cycle`;
  return new PodError('manifest/cycle', message, {
    at,
    hint: 'one of them must start without waiting for the others',
  });
}
