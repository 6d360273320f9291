import { mapAll, PodError } from '../error.ts';
import type { Look } from '../plan/facts.ts';
import { findingOf } from './finding.ts';
import { boundOf } from './in-force.ts';
import type { CgroupWrite, InForce, InForceSource, IsolatorContext, JsonSchema } from './isolator.ts';

export interface UclampValue {
  readonly uclampMin?: string | number;
  readonly uclampMax?: string | number;
}

/** The kernel reads two decimals. */
const PERCENT: JsonSchema = {
  type: ['string', 'number'],
  pattern: '^(100(\\.00?)?|[0-9]{1,2}(\\.[0-9]{1,2})?)$',
  minimum: 0,
  maximum: 100,
  'x-expects': 'a percentage: 0 to 100, with at most two decimals',
};

export const UCLAMP_PROPERTIES: Readonly<Record<keyof UclampValue, JsonSchema>> = {
  uclampMin: {
    ...PERCENT,
    description: 'A processor runs at least as fast as for a load of this percentage. Default: 0.',
  },
  uclampMax: {
    ...PERCENT,
    description: 'A processor runs no faster than for a load of this percentage. Default: 100.',
  },
};

const FILES = { uclampMin: 'cpu.uclamp.min', uclampMax: 'cpu.uclamp.max' } as const;

/** Percents. */
export function readUclamp({ control }: InForceSource): InForce {
  return { uclampMin: boundOf(control('cpu', FILES.uclampMin)), uclampMax: boundOf(control('cpu', FILES.uclampMax)) };
}

/** kernel/sched/core.c, sched_core_sysctls: there with CONFIG_UCLAMP_TASK. */
const KNOB = '/proc/sys/kernel/sched_util_clamp_min';

export function lookForUclamp({ uclampMin, uclampMax }: UclampValue): Look[] {
  return uclampMin === undefined && uclampMax === undefined ? [] : [`text ${KNOB}`];
}

/** The same on both versions. */
export function uclampWrites(value: UclampValue, context: IsolatorContext): CgroupWrite[] {
  const { uclampMin = 0, uclampMax = 100 } = value;
  if (Number(uclampMin) > Number(uclampMax)) {
    throw new PodError('manifest/schema', `clamp utilization to ${uclampMin}: it is above the maximum, ${uclampMax}`, {
      at: context.atOf('/uclampMin'),
    });
  }
  const given = (['uclampMin', 'uclampMax'] as const).filter((field) => value[field] !== undefined);
  return mapAll(given, (field) => {
    const percent = value[field]!;
    const at = context.atOf(`/${field}`);
    const why = `clamp utilization to ${percent}`;
    if (findingOf(context.host, 'text', KNOB) === null) {
      throw new PodError('host/unsupported', `${why}: the kernel was built without CONFIG_UCLAMP_TASK`, { at });
    }
    // kernel/sched/core.c, cpu_util_update_eff: a clamp is never above the parent's.
    const bound = context.pod?.cgroup.find(({ file }) => file === FILES[field]);
    if (bound && Number(percent) > Number(bound.value)) {
      throw new PodError('manifest/schema', `${why}: the pod as a whole has ${bound.value}`, { at });
    }
    const unset = field === 'uclampMin' ? '0' : 'max';
    return { controller: 'cpu', file: FILES[field], value: `${percent}`, at, why, unset };
  });
}
