import { PodError, tryAll } from '../error.ts';
import { UNTIL_RESTART } from './fixed.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, ProcessSetting } from './isolator.ts';

export interface SchedulerValue {
  readonly policy?: keyof typeof POLICIES;
  readonly priority?: number;
  readonly nice?: number;
  readonly io?: { readonly class: keyof typeof IO_CLASSES; readonly level?: number };
}

/** uapi/linux/sched.h */
const POLICIES = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 } as const;
/** uapi/linux/ioprio.h */
const IO_CLASSES = { realtime: 1, 'best-effort': 2, idle: 3 } as const;
const IOPRIO_CLASS_SHIFT = 13;
const IOPRIO_WHO_PROCESS = 1;
const IO_LEVEL = 4;
/** sys/resource.h */
const PRIO_PROCESS = 0;

function isRealTime(policy: SchedulerValue['policy']): boolean {
  return policy === 'fifo' || policy === 'rr';
}

function lower(value: SchedulerValue, draft: Draft, context: IsolatorContext): void {
  check(value, context);
  const { policy, priority = 0, nice, io } = value;
  const settings: ProcessSetting[] = draft.process.settings;
  if (policy !== undefined) {
    const at = context.atOf('/policy');
    const param = new Uint8Array(new Int32Array([priority]).buffer);
    settings.push({ call: 'sched_setscheduler', args: [0, POLICIES[policy], param], at, why: `schedule as ${policy}` });
  }
  if (nice !== undefined) {
    const at = context.atOf('/nice');
    settings.push({ call: 'setpriority', args: [PRIO_PROCESS, 0, nice], at, why: `set nice to ${nice}` });
  }
  if (io) {
    const ioprio = (IO_CLASSES[io.class] << IOPRIO_CLASS_SHIFT) | (io.class === 'idle' ? 0 : (io.level ?? IO_LEVEL));
    const why = `set the I/O priority to ${io.class}`;
    settings.push({ call: 'ioprio_set', args: [IOPRIO_WHO_PROCESS, 0, ioprio], at: context.atOf('/io'), why });
  }
}

function check({ policy, priority, io }: SchedulerValue, context: IsolatorContext): void {
  const refuseIf = (isWrong: boolean, pointer: string, message: string) => (): void => {
    if (isWrong) throw new PodError('manifest/schema', message, { at: context.atOf(pointer) });
  };
  tryAll(
    refuseIf(
      isRealTime(policy) && priority === undefined,
      '/policy',
      `schedule as "${policy}": a real-time policy needs a "priority" from 1 to 99`,
    ),
    refuseIf(
      !isRealTime(policy) && priority !== undefined,
      '/priority',
      `set "priority": only the policies "fifo" and "rr" have one`,
    ),
    refuseIf(
      io?.class === 'idle' && io.level !== undefined,
      '/io/level',
      'set the level of I/O class "idle": it has none',
    ),
  );
}

function signed(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}

export const SCHEDULER: Isolator<SchedulerValue> = {
  name: 'os/linux/scheduler',
  example: { policy: 'batch', nice: 5 },
  scopes: ['app'],
  schema: {
    type: 'object',
    description:
      'How the app competes for processors and disks with processes of the same cgroup. Settings that take from others (nice below 0, real-time) need "userns: host" and the privilege on the host; if they are denied, the start fails with an error at this line.',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      policy: {
        enum: Object.keys(POLICIES),
        description: 'The scheduling policy, as in sched(7). Default: "other".',
      },
      priority: { type: 'integer', minimum: 1, maximum: 99, description: 'Only for the policies "fifo" and "rr".' },
      nice: {
        type: 'integer',
        minimum: -20,
        maximum: 19,
        description: 'The nice value. A higher value yields to others. Default: 0.',
      },
      io: {
        type: 'object',
        description: 'The I/O priority, as in ioprio_set(2). Default: derived from nice.',
        additionalProperties: false,
        required: ['class'],
        properties: {
          class: { enum: Object.keys(IO_CLASSES), description: 'The I/O scheduling class.' },
          level: {
            type: 'integer',
            minimum: 0,
            maximum: 7,
            description: `The priority within the class; 0 is the highest. Default: ${IO_LEVEL}.`,
          },
        },
      },
    },
  },
  lower,
  fixed: UNTIL_RESTART,
  readBack: ({ proc, ioPriority }) => {
    // proc_pid_stat(5): what follows the name begins with the third field.
    const stat = proc('stat');
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
    const policy = Object.entries(POLICIES).find(([, number]) => number === Number(fields[41 - 3]))?.[0];
    const io = ioPriority?.();
    return unlessEmpty({
      policy,
      priority: boundOf(fields[40 - 3]),
      nice: signed(fields[19 - 3]),
      ioClass: io && (Object.entries(IO_CLASSES).find(([, number]) => number === io.class)?.[0] ?? 'none'),
      ioLevel: io?.level,
    });
  },
};
