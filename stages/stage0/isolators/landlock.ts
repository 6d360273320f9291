import {
  LANDLOCK_ACCESS_FS as FS,
  LANDLOCK_ACCESS_NET_BIND_TCP,
  LANDLOCK_ACCESS_NET_CONNECT_TCP,
} from '../../linux/landlock.ts';
import { PodError } from '../error.ts';
import { OF_A_PROCESS } from './fixed.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema, LandlockSettings } from './isolator.ts';

const KINDS = ['read', 'write', 'execute'] as const;
type Kind = (typeof KINDS)[number];

export interface LandlockValue extends Readonly<Partial<Record<Kind, readonly string[]>>> {
  readonly bindTcp?: readonly number[];
  readonly connectTcp?: readonly number[];
}

/** Before it, a file that may not be written could be emptied. */
const MIN_ABI = 3;
const NET_ABI = 4;

const NAMES: Readonly<Record<Kind, readonly string[]>> = {
  read: ['READ_FILE', 'READ_DIR'],
  execute: ['EXECUTE'],
  write: Object.keys(FS).filter((name) => !['READ_FILE', 'READ_DIR', 'EXECUTE'].includes(name)),
};
const OF_FILES = ['EXECUTE', 'WRITE_FILE', 'READ_FILE', 'TRUNCATE', 'IOCTL_DEV'];

function bitsOf(names: readonly string[], abi: number): bigint {
  return names.reduce((sum, name) => (FS[name]!.abi <= abi ? sum | FS[name]!.bit : sum), 0n);
}

function lower(value: LandlockValue, draft: Draft, context: IsolatorContext): void {
  const abi = requireAbi(value, context);
  const paths = KINDS.flatMap((kind) =>
    (value[kind] ?? []).map((path, index) => ({
      path,
      access: bitsOf(NAMES[kind], abi),
      fileAccess: bitsOf(
        NAMES[kind].filter((name) => OF_FILES.includes(name)),
        abi,
      ),
      at: context.atOf(`/${kind}/${index}`),
    })),
  );
  const handled = KINDS.filter((kind) => value[kind] !== undefined).flatMap((kind) => NAMES[kind]);
  draft.process.landlock = {
    handledFs: bitsOf(handled, abi),
    paths,
    ...lowerPorts(value, context),
    at: context.at,
  };
}

function lowerPorts(value: LandlockValue, context: IsolatorContext): Pick<LandlockSettings, 'handledNet' | 'ports'> {
  const rights = { bindTcp: LANDLOCK_ACCESS_NET_BIND_TCP, connectTcp: LANDLOCK_ACCESS_NET_CONNECT_TCP } as const;
  const kinds = (['bindTcp', 'connectTcp'] as const).filter((kind) => value[kind] !== undefined);
  return {
    handledNet: kinds.reduce((sum, kind) => sum | rights[kind], 0n),
    ports: kinds.flatMap((kind) =>
      value[kind]!.map((port, index) => ({ port, access: rights[kind], at: context.atOf(`/${kind}/${index}`) })),
    ),
  };
}

function requireAbi(value: LandlockValue, context: IsolatorContext): number {
  const abi = context.host.landlockAbi;
  const wantsNet = value.bindTcp !== undefined || value.connectTcp !== undefined;
  const [needed, what] = wantsNet ? [NET_ABI, 'restrict ports'] : [MIN_ABI, 'restrict truncation'];
  if (abi >= needed) return abi;
  const found = abi === 0 ? 'has no Landlock' : `has version ${abi} of Landlock, which cannot ${what}`;
  throw new PodError('host/unsupported', `apply "os/linux/landlock": this kernel ${found}`, {
    at: context.at,
    hint:
      abi === 0
        ? 'boot with landlock in "lsm="'
        : `version ${needed} came with Linux ${needed === NET_ABI ? '6.7' : '6.2'}`,
  });
}

function pathsSchema(description: string): JsonSchema {
  return {
    type: 'array',
    uniqueItems: true,
    items: { type: 'string', pattern: '^/[^\\u0000-\\u001f\\u007f]*$', 'x-expects': 'an absolute path' },
    description,
  };
}

function portsSchema(description: string): JsonSchema {
  return { type: 'array', uniqueItems: true, items: { type: 'integer', minimum: 0, maximum: 65_535 }, description };
}

export const LANDLOCK: Isolator<LandlockValue> = {
  name: 'os/linux/landlock',
  example: { write: ['/dev/null'] },
  trials: [{ of: 'ports', value: { bindTcp: [80] } }],
  scopes: ['app'],
  schema: {
    type: 'object',
    description:
      'What the app may access at most, whatever its user and the file modes allow, as in landlock(7). A list that is given denies everything that is not on it; a list that is missing restricts nothing. Paths are in the root of the app and include everything below them. A path that does not exist makes the start fail.',
    additionalProperties: false,
    minProperties: 1,
    properties: {
      read: pathsSchema('Files it may read and directories it may list. These must include its libraries.'),
      write: pathsSchema(
        'Files it may write, truncate, create, link, rename and remove, and device nodes it may control.',
      ),
      execute: pathsSchema('Programs it may execute. These must include its own program and the loader.'),
      bindTcp: portsSchema('TCP ports it may listen on.'),
      connectTcp: portsSchema('TCP ports it may connect to, on any host.'),
    },
  },
  lower,
  fixed: OF_A_PROCESS,
};
