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
      description: 'This version of Linux or later.',
    },
  },
};

const ARG: JsonSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['index', 'value', 'op'],
  properties: {
    index: { type: 'integer', minimum: 0, maximum: 5, description: 'The index of the argument.' },
    value: { ...NUMBER, description: 'The value to compare with; for SCMP_CMP_MASKED_EQ, the mask.' },
    valueTwo: { ...NUMBER, description: 'For SCMP_CMP_MASKED_EQ, the value to compare the masked argument with.' },
    op: { enum: Object.keys(OPERATORS), description: 'The comparison, over all 64 bits.' },
  },
};

export const PROFILE_SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'A system call filter in the format of docker, podman and containerd. JSON is YAML, so the content of a profile file can be pasted in. The profile replaces the default filter, and cannot be combined with a retain-set or a remove-set. The calls that the launch itself needs are always allowed. A call for an architecture other than that of the host ends the process, whatever the profile lists.',
  additionalProperties: false,
  required: ['defaultAction'],
  properties: {
    defaultAction: { ...ACTION, description: 'The action for calls that match no entry.' },
    defaultErrnoRet: {
      ...ERRNO_NUMBER,
      description: 'The error number for SCMP_ACT_ERRNO if the entry has none. Default: 1, EPERM.',
    },
    defaultErrno: { ...ERRNO_NAME, description: 'The error number by name. If both forms are given, they must agree.' },
    architectures: {
      ...STRINGS,
      description: 'Accepted, but without effect: the filter only accepts calls for the architecture of the host.',
    },
    archMap: {
      type: 'array',
      items: { type: 'object' },
      description: 'Accepted, but without effect, like `architectures`.',
    },
    syscalls: {
      type: 'array',
      description:
        'The entries of the filter. If several entries name the same call, entries with tests take precedence over entries without, then the first entry wins.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['action'],
        oneOf: [{ required: ['names'] }, { required: ['name'] }],
        properties: {
          names: { type: 'array', minItems: 1, items: NAME, description: 'System calls by their kernel names.' },
          name: { ...NAME, description: 'One system call.' },
          action: { ...ACTION, description: 'The action for these calls.' },
          errnoRet: { ...ERRNO_NUMBER, description: 'The error number for SCMP_ACT_ERRNO.' },
          errno: { ...ERRNO_NAME, description: 'The error number by name.' },
          args: {
            type: ['array', 'null'],
            items: ARG,
            description:
              'Tests of arguments. All tests must match. If two tests are for the same argument, one match among all tests is enough, as in docker and podman.',
          },
          comment: { type: 'string', description: 'A comment for readers.' },
          includes: { ...FILTER, description: 'The entry applies only if all of these conditions are true.' },
          excludes: { ...FILTER, description: 'The entry does not apply if any of these conditions is true.' },
        },
      },
    },
  },
};
