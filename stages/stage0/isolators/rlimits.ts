import { parseLimits, RLIM_INFINITY, RLIMIT } from '../../linux/rlimit.ts';
import { mapAll, PodError } from '../error.ts';
import { UNTIL_RESTART } from './fixed.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

type Limit = number | 'unlimited';
type RlimitValue = Limit | { readonly soft: Limit; readonly hard?: Limit };
type RlimitsValue = Readonly<Record<string, RlimitValue>>;

/** As in limits.conf(5) and docker's ulimits: the kernel's name without RLIMIT_, in lower case. */
const NAMES: ReadonlyMap<string, number> = new Map(
  Object.entries(RLIMIT).map(([name, number]) => [name.replace('RLIMIT_', '').toLowerCase(), number]),
);

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  cpu: 'Seconds of CPU time a process may use.',
  fsize: 'Bytes of the largest file it may write.',
  data: 'Bytes of its data segment.',
  stack: "Bytes of its first thread's stack.",
  core: 'Bytes of a core dump. Default: 0.',
  rss: 'Accepted, but without effect since Linux 2.4.30.',
  nproc: 'Processes and threads of its user in the pod.',
  nofile: 'Open descriptors. Default: 1024, hard 524288.',
  memlock: 'Bytes it may lock into memory. Default: 8 MiB.',
  as: 'Bytes of its address space.',
  locks: 'Accepted, but without effect since Linux 2.4.25.',
  sigpending: 'Signals queued for its user.',
  msgqueue: 'Bytes in POSIX message queues of its user. Default: 819200.',
  nice: '20 minus the lowest nice it may give itself. Default: 0, which is nice 20.',
  rtprio: 'The highest real-time priority it may give itself. Default: 0.',
  rttime: 'Microseconds a real-time thread may run without a blocking system call.',
};

const LIMIT: JsonSchema = {
  type: ['integer', 'string'],
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  pattern: '^unlimited$',
  'x-expects': 'a number up to 2^53, or "unlimited"',
};

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Limits of each process of the app, as in setrlimit(2): a number or "unlimited" for both the soft and the hard limit, or {soft, hard}. Hard limits above those of the host are refused. Limits that are not given have defaults that do not depend on the caller of pod.',
  additionalProperties: false,
  minProperties: 1,
  properties: Object.fromEntries(
    [...NAMES.keys()].map((name) => [
      name,
      {
        description: DESCRIPTIONS[name],
        type: ['integer', 'string', 'object'],
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        pattern: '^unlimited$',
        'x-expects': 'a number up to 2^53, "unlimited", or {soft, hard}',
        additionalProperties: false,
        required: ['soft'],
        properties: {
          soft: { ...LIMIT, description: 'The limit in force.' },
          hard: {
            ...LIMIT,
            description: 'The value up to which the app may raise the soft limit. Default: the soft limit.',
          },
        },
      },
    ]),
  ),
};

function lower(value: RlimitsValue, draft: Draft, context: IsolatorContext): void {
  mapAll(Object.entries(value), ([name, wanted]) => {
    const resource = NAMES.get(name)!;
    const { soft, hard } = read(name, wanted, context);
    refuseAboveHost(name, hard, context);
    draft.process.rlimits = [
      ...draft.process.rlimits.filter((limit) => limit.resource !== resource),
      { resource, soft, hard, at: context.atOf(`/${name}`) },
    ];
  });
}

function read(name: string, wanted: RlimitValue, context: IsolatorContext): { soft: bigint; hard: bigint } {
  const given = typeof wanted === 'object' ? wanted : { soft: wanted };
  const soft = toBigInt(given.soft);
  const hard = given.hard === undefined ? soft : toBigInt(given.hard);
  if (soft <= hard) return { soft, hard };
  throw new PodError('manifest/schema', `limit ${name} to ${given.soft}: it is above the hard limit, ${given.hard}`, {
    at: context.atOf(`/${name}/soft`),
  });
}

function toBigInt(limit: Limit): bigint {
  return limit === 'unlimited' ? RLIM_INFINITY : BigInt(limit);
}

function refuseAboveHost(name: string, hard: bigint, context: IsolatorContext): void {
  const bound = context.host.hardLimits[NAMES.get(name)!] ?? RLIM_INFINITY;
  if (hard <= bound) return;
  const wanted = hard === RLIM_INFINITY ? 'unlimited' : `${hard}`;
  throw new PodError('host/privilege', `limit ${name} to ${wanted}: the host's own hard limit is ${bound}`, {
    at: context.atOf(`/${name}`),
    hint: `raise it for the caller of pod (ulimit -H, LimitNOFILE= of a unit), or ask for ${bound} or less`,
  });
}

export const RLIMITS: Isolator<RlimitsValue> = {
  name: 'os/linux/rlimits',
  example: { nofile: 64 },
  scopes: ['app'],
  schema: SCHEMA,
  lower,
  fixed: UNTIL_RESTART,
  readBack: ({ proc }) => {
    const limits = parseLimits(proc('limits') ?? '');
    const named = [...NAMES].map(([name, number]) => [name, limits.get(number)] as const);
    return unlessEmpty(Object.fromEntries(named));
  },
};
