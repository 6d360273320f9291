import { mapAll, PodError, tryAll } from '../error.ts';
import { DURATION_PATTERN, parseDurationMs } from '../manifest/quantity.ts';
import { IN_THE_POD } from './fixed.ts';
import { statusField, unlessEmpty } from './in-force.ts';
import type {
  Draft,
  InForce,
  InForceSource,
  Isolator,
  IsolatorContext,
  JsonSchema,
  Named,
  NamespaceOwner,
} from './isolator.ts';

interface Offsets {
  readonly monotonic?: string;
  readonly boottime?: string;
}

export interface NamespacesValue {
  readonly ipc?: string;
  readonly uts?: string;
  readonly time?: 'private' | 'host' | Offsets;
  readonly pid?: 'pod' | 'app';
}

const POD = 'pod:';
/** linux/capability.h */
const CAP_SYS_TIME = 25n;

function lower(value: NamespacesValue, draft: Draft, context: IsolatorContext): void {
  const { ipc = 'private', uts = 'private', time, pid = 'pod' } = value;
  tryAll(
    () => refuseHostIpc(ipc, context),
    () => {
      draft.namespaces = {
        ipc: ownerOf(ipc, '/ipc', context),
        uts: ownerOf(uts, '/uts', context),
        time: timeOf(time, context),
        pid: { value: pid, at: context.atOf('/pid') },
      };
    },
  );
}

function refuseHostIpc(ipc: string, { hasUserns, atOf }: IsolatorContext): void {
  if (ipc !== 'host' || !hasUserns) return;
  throw new PodError(
    'manifest/schema',
    "share the host's IPC namespace: the pod has a user namespace of its own, which gives it no rights to IPC objects of the host",
    {
      at: atOf('/ipc'),
      hint: 'use "userns: host", which gives up the strongest isolation, or share a directory instead',
    },
  );
}

function ownerOf(text: string, pointer: string, { atOf }: IsolatorContext): Named<NamespaceOwner> {
  const value: NamespaceOwner = text.startsWith(POD) ? { pod: text.slice(POD.length) } : (text as 'private' | 'host');
  return { value, at: atOf(pointer) };
}

/** Who asks for nothing gets clocks of the pod's own where the kernel has them. */
function timeOf(time: NamespacesValue['time'], context: IsolatorContext): NonNullable<Draft['namespaces']>['time'] {
  const at = context.atOf('/time');
  if (time === undefined || time === 'host') return { value: time ?? 'private', at };
  const { hasTimeNamespace, effectiveCapabilities, caller } = context.host;
  if (!hasTimeNamespace) {
    throw new PodError('host/unsupported', 'give the pod clocks of its own: this kernel has no time namespaces', {
      at,
    });
  }
  if (time === 'private') return { value: time, at };
  // A normal user's pod is made in a user namespace of his, where he has every capability.
  if (!caller && (effectiveCapabilities & (1n << CAP_SYS_TIME)) === 0n) {
    throw new PodError('host/unsupported', "set the pod's clocks: CAP_SYS_TIME is missing", { at });
  }
  const [monotonicNs, boottimeNs] = mapAll(['monotonic', 'boottime'] as const, (clock) =>
    offsetNs(time[clock], context.atOf(`/time/${clock}`)),
  ) as [bigint, bigint];
  return { value: { monotonicNs, boottimeNs }, at };
}

function offsetNs(text: string | undefined, at: IsolatorContext['at']): bigint {
  if (text === undefined) return 0n;
  const isBehind = text.startsWith('-');
  const ns = BigInt(parseDurationMs(isBehind ? text.slice(1) : text, at)) * 1_000_000n;
  return isBehind ? -ns : ns;
}

/** In seconds. */
function offsetIn(text: string | undefined, clock: keyof Offsets): number | undefined {
  const [, seconds, nanoseconds] = new RegExp(`^${clock} +(-?\\d+) +(\\d+)$`, 'm').exec(text ?? '') ?? [];
  return seconds === undefined ? undefined : Number(seconds) + Number(nanoseconds) / 1e9;
}

/** An app in a PID namespace of its own has one number more than the others: of the host, of the pod, and of its own. */
function pidOf(source: InForceSource): string | undefined {
  const numbers = statusField(source, 'NSpid')?.split('\t').length;
  return numbers === undefined ? undefined : numbers > 2 ? 'app' : 'pod';
}

function readBack(source: InForceSource): InForce | undefined {
  const { namespace, proc } = source;
  if (!namespace) return undefined;
  const offsets = proc('timens_offsets');
  return unlessEmpty({
    ipc: namespace('ipc'),
    uts: namespace('uts'),
    time: namespace('time'),
    monotonicSeconds: offsetIn(offsets, 'monotonic'),
    boottimeSeconds: offsetIn(offsets, 'boottime'),
    pid: pidOf(source),
  });
}

const OWNER: JsonSchema = {
  type: 'string',
  pattern: '^(private|host|pod:[A-Za-z0-9][A-Za-z0-9_.-]*)$',
  'x-expects': 'one of private, host and pod:NAME',
};
const OFFSET: JsonSchema = {
  type: 'string',
  pattern: DURATION_PATTERN.replace('^', '^-?'),
  'x-expects': 'a duration, ahead or behind, with a unit, as in "1h" or "-30s"',
};

export const NAMESPACES: Isolator<NamespacesValue> = {
  name: 'os/linux/namespaces',
  example: { uts: 'private' },
  trials: [{ of: 'clocks of its own', value: { time: 'private' } }],
  scopes: ['pod'],
  schema: {
    type: 'object',
    description:
      'Which namespaces are private to the pod, and which it shares with the host or with another running pod of the state directory. The network is set by `network.mode`, the user namespace by `userns`. PID, mount and cgroup namespaces are never shared with the host or other pods: without its own, a pod could not be stopped or limited. A namespace that is not named is `private`.',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      ipc: {
        ...OWNER,
        description:
          'System V IPC and POSIX message queues: `private`, `host` (only with `userns: host`), or `pod:NAME`. /dev/shm is always private to the pod; to share memory that way, share a memory volume.',
      },
      uts: {
        ...OWNER,
        description:
          'The hostname: `private`, `host`, or `pod:NAME`. A shared hostname cannot be set: the manifest must not have the field `hostname`.',
      },
      pid: {
        enum: ['pod', 'app'],
        description:
          "`pod`: the apps see each other's processes, and PID 1 is init. `app`: each app has a PID namespace of its own, as with `shareProcessNamespace: false` in Kubernetes. The app is PID 1 there: it sees only its own processes, signals it does not handle do not end it, and it must reap orphaned processes. Default: `pod`.",
      },
      time: {
        description:
          'Monotonic and boot-time clocks: `private`, `host`, or their offset from the clocks of the host, as in `{monotonic: 1h, boottime: "-30s"}`. The wall clock is always that of the host.',
        oneOf: [
          { enum: ['private', 'host'] },
          {
            type: 'object',
            additionalProperties: false,
            minProperties: 1,
            properties: { monotonic: OFFSET, boottime: OFFSET },
          },
        ],
      },
    },
  },
  lower,
  fixed: IN_THE_POD,
  readBack,
};
