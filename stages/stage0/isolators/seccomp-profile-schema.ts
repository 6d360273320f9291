import type { JsonSchema, SeccompTest } from './isolator.ts';
import { ERRNO_NAMES } from './seccomp-sets.ts';

/** libseccomp's actions that a filter can carry out by itself. */
export const ACTIONS = {
  SCMP_ACT_ALLOW: 'allow',
  SCMP_ACT_ERRNO: 'errno',
  SCMP_ACT_KILL: 'kill',
  SCMP_ACT_KILL_PROCESS: 'kill',
  SCMP_ACT_KILL_THREAD: 'kill',
  SCMP_ACT_LOG: 'log',
  SCMP_ACT_TRAP: 'trap',
} as const;

type Operator = `SCMP_CMP_${'NE' | 'LT' | 'LE' | 'EQ' | 'GE' | 'GT' | 'MASKED_EQ'}`;

export const OPERATORS: Readonly<Record<Operator, SeccompTest['op']>> = {
  SCMP_CMP_NE: 'ne',
  SCMP_CMP_LT: 'lt',
  SCMP_CMP_LE: 'le',
  SCMP_CMP_EQ: 'eq',
  SCMP_CMP_GE: 'ge',
  SCMP_CMP_GT: 'gt',
  SCMP_CMP_MASKED_EQ: 'masked-eq',
};

interface Filter {
  readonly caps?: readonly string[];
  readonly arches?: readonly string[];
  readonly minKernel?: string;
}

export interface ProfileCall {
  readonly names?: readonly string[];
  readonly name?: string;
  readonly action: keyof typeof ACTIONS;
  readonly errnoRet?: number;
  readonly errno?: string;
  readonly args?: readonly {
    readonly index: number;
    readonly value: number;
    readonly valueTwo?: number;
    readonly op: keyof typeof OPERATORS;
  }[];
  readonly includes?: Filter;
  readonly excludes?: Filter;
}

export interface ProfileValue {
  readonly defaultAction: keyof typeof ACTIONS;
  readonly defaultErrnoRet?: number;
  readonly defaultErrno?: string;
  readonly syscalls?: readonly ProfileCall[];
}

const ACTION: JsonSchema = { enum: Object.keys(ACTIONS) };
const NUMBER: JsonSchema = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
/** MAX_ERRNO of the kernel. */
const ERRNO_NUMBER: JsonSchema = { type: 'integer', minimum: 0, maximum: 4095 };
/** Podman's profiles have the name beside the number. */
const ERRNO_NAME: JsonSchema = { enum: ['', ...ERRNO_NAMES] };
const STRINGS: JsonSchema = { type: 'array', items: { type: 'string' } };
const NAME: JsonSchema = { type: 'string', pattern: '^[a-z_][a-z0-9_]*$', 'x-expects': 'the name of a system call' };

const FILTER: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    caps: { ...STRINGS, description: 'Capabilities of the app.' },
    arches: { ...STRINGS, description: 'Architectures of the host: amd64, arm64.' },
    minKernel: {
      type: 'string',
      pattern: '^[0-9]+[.][0-9]+$',
      'x-expects': 'a version of Linux, as in "5.10"',
      description: 'Linux of that version or later.',
    },
  },
};

const ARG: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['index', 'value', 'op'],
  properties: {
    index: { type: 'integer', minimum: 0, maximum: 5, description: 'Which argument.' },
    value: { ...NUMBER, description: 'What it is compared with; of SCMP_CMP_MASKED_EQ, the mask.' },
    valueTwo: { ...NUMBER, description: 'Of SCMP_CMP_MASKED_EQ, what the masked argument is compared with.' },
    op: { enum: Object.keys(OPERATORS), description: 'The comparison, of all 64 bits.' },
  },
};

export const PROFILE_SCHEMA: JsonSchema = {
  type: 'object',
  description:
    "A filter as docker, podman and containerd write it; JSON is YAML, so that a profile's file can be pasted in. It replaces the default filter, and cannot be combined with a retain-set or a remove-set. What the launch itself calls is let through. Calls of another architecture than the host's end the process, whatever the profile lists.",
  additionalProperties: false,
  required: ['defaultAction'],
  properties: {
    defaultAction: { ...ACTION, description: 'For calls that no entry names.' },
    defaultErrnoRet: { ...ERRNO_NUMBER, description: 'Of SCMP_ACT_ERRNO, where an entry has none. Default: 1, EPERM.' },
    defaultErrno: { ...ERRNO_NAME, description: 'The same by name. With both, they have to be the same.' },
    architectures: { ...STRINGS, description: 'Accepted and without effect: only calls of the host are answered.' },
    archMap: {
      type: 'array',
      items: { type: 'object' },
      description: 'Accepted and without effect, as `architectures`.',
    },
    syscalls: {
      type: 'array',
      description: 'Entries; of several for one call, those with tests come before those without, then the first.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['action'],
        oneOf: [{ required: ['names'] }, { required: ['name'] }],
        properties: {
          names: { type: 'array', minItems: 1, items: NAME, description: "System calls by the kernel's name." },
          name: { ...NAME, description: 'One system call.' },
          action: { ...ACTION, description: 'What they get.' },
          errnoRet: { ...ERRNO_NUMBER, description: 'Of SCMP_ACT_ERRNO.' },
          errno: { ...ERRNO_NAME, description: 'The same by name.' },
          args: {
            type: ['array', 'null'],
            items: ARG,
            description:
              'Tests of arguments, which have to hold together; where two are of the same argument, one of all of them is enough, as docker and podman have it.',
          },
          comment: { type: 'string', description: 'For readers.' },
          includes: { ...FILTER, description: 'The entry holds only where all of this is so.' },
          excludes: { ...FILTER, description: 'It does not hold where any of this is so.' },
        },
      },
    },
  },
};
