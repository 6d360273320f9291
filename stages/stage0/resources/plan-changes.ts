import type { CgroupWrite } from '../isolators/isolator.ts';
import type { LoweredPod } from '../isolators/lower-pod.ts';

/** One write to a control file of a pod that runs. */
export interface Change {
  /** Undefined: of the pod as a whole. */
  readonly app: string | undefined;
  readonly write: CgroupWrite;
}

/** What was lowered before and is not any more, and cannot be taken back. */
export interface Stuck {
  readonly app: string | undefined;
  readonly write: CgroupWrite;
}

export interface Changes {
  readonly changes: readonly Change[];
  readonly stuck: readonly Stuck[];
}

/**
 * Which writes turn the one pod into the other. Those of `touched` are there even when they were the same before: somebody may
 * have written to the files meanwhile, and whoever names a value wants it.
 */
export function planChanges(before: LoweredPod, after: LoweredPod, touched: ReadonlySet<string | undefined>): Changes {
  const names: (string | undefined)[] = [undefined, ...after.apps.keys()];
  const all = names.map((app) => {
    const [old, wanted] = [writesOf(before, app), writesOf(after, app)];
    const changes = [...wanted].filter(([place, { value }]) => touched.has(app) || old.get(place)?.value !== value);
    const gone = [...old].filter(([place]) => !wanted.has(place)).map(([, write]) => write);
    return {
      changes: [...changes.map(([, write]) => write), ...gone.flatMap(takenBack)].map((write) => ({ app, write })),
      stuck: gone.filter(({ unset }) => unset === undefined).map((write) => ({ app, write })),
    };
  });
  return { changes: all.flatMap(({ changes }) => changes), stuck: all.flatMap(({ stuck }) => stuck) };
}

/** By what each is about: two of the same are the old and the new value of one thing. */
function writesOf(lowered: LoweredPod, app: string | undefined): Map<string, CgroupWrite> {
  const { draft } = app === undefined ? lowered.pod : lowered.apps.get(app)!;
  return new Map(draft.cgroup.map((write) => [placeOf(write), write]));
}

/** `8:0 rbps=5` and `8:0 wbps=5` are two things of one file. */
function placeOf({ file, value, key }: CgroupWrite): string {
  return key === undefined ? file : `${file} ${key} ${subjectOf(value)}`;
}

/** What stands before the amount: `8:0 rbps=`; nothing for a plain number. */
function subjectOf(value: string): string {
  return /^(.*[ =])?/.exec(value)![0];
}

/** A feature the kernel lacked then, it lacks now. */
function takenBack(write: CgroupWrite): CgroupWrite[] {
  const { unset, file } = write;
  if (unset === undefined) return [];
  return [{ ...write, value: unset, readBack: false, why: `take back what was set in "${file}"` }];
}
