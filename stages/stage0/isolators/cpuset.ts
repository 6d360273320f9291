import { PodError, tryAll } from '../error.ts';
import type { CgroupHierarchy, HostFacts, Look } from '../plan/facts.ts';
import { findController, requireController } from './controllers.ts';
import { LIST_PATTERN, missingFrom, parseList } from './cpu-list.ts';
import { findingOf } from './finding.ts';
import { unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

export interface CpusetValue {
  readonly cpus?: string | number;
  readonly mems?: string | number;
  readonly partition?: 'member' | 'root' | 'isolated';
}

const LIST: JsonSchema = {
  type: ['string', 'integer'],
  pattern: LIST_PATTERN,
  'x-expects': 'numbers and ranges, as in "0-3,7"',
  minimum: 0,
  maximum: 8191,
};

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'The processors and memory nodes that may be used, as lists like "0-3,8". The lists of an app must be subsets of those of its pod.',
  additionalProperties: false,
  minProperties: 1,
  properties: {
    cpus: {
      ...LIST,
      description: 'Processors to run on, by number. Default: all processors of the host.',
      examples: ['0-3,8'],
    },
    mems: { ...LIST, description: 'NUMA nodes to allocate memory from, by number. Default: all nodes of the host.' },
    partition: {
      enum: ['member', 'root', 'isolated'],
      description:
        '`root`: no other process may run on these processors. `isolated`: in addition, the scheduler does not balance load between them. cgroup version 2 only; if an app has a partition, its pod must have one too. Default: `member`, which is neither.',
    },
  },
};

const FILES = { cpus: 'cpuset.cpus', mems: 'cpuset.mems' } as const;
const PARTITION_FILE = 'cpuset.cpus.partition';
const WORDS = { cpus: 'processor', mems: 'memory node' } as const;

/** What the machine can ever have: on version 2, a list of all of it is no restriction. */
const POSSIBLE = { cpus: '/sys/devices/system/cpu/possible', mems: '/sys/devices/system/node/possible' } as const;

/** What the hierarchy's root has, and so what there is. */
function offeredFile({ version, mountPoint }: CgroupHierarchy, field: keyof typeof FILES): string {
  return `${mountPoint}/${FILES[field]}${version === 2 ? '.effective' : ''}`;
}

function look(_: CpusetValue, host: HostFacts): Look[] {
  const hierarchy = findController(host, 'cpuset');
  if (!hierarchy) return [];
  const files = (field: keyof typeof FILES): string[] => [
    offeredFile(hierarchy, field),
    ...(hierarchy.version === 2 ? [POSSIBLE[field]] : []),
  ];
  return [...files('cpus'), ...files('mems')].map((file) => `text ${file}` as const);
}

function lower(value: CpusetValue, draft: Draft, context: IsolatorContext): void {
  const hierarchy = requireController(context, 'cpuset', CPUSET.name);
  const lists = (['cpus', 'mems'] as const).filter((field) => value[field] !== undefined);
  tryAll(
    ...lists.map((field) => () => addList(field, String(value[field]), hierarchy, draft, context)),
    () => value.partition !== undefined && addPartition(value, hierarchy, draft, context),
  );
}

function addList(
  field: keyof typeof FILES,
  list: string,
  hierarchy: CgroupHierarchy,
  draft: Draft,
  context: IsolatorContext,
): void {
  const at = context.atOf(`/${field}`);
  const wanted = parseList(list, at);
  const offered = findingOf(context.host, 'text', offeredFile(hierarchy, field)) ?? '';
  const absent = missingFrom(wanted, parseList(offered));
  if (absent !== '') {
    const message = `use ${WORDS[field]} ${absent}: the host has no such ${WORDS[field]} available`;
    throw new PodError('host/unsupported', message, { at, hint: `it has ${offered}` });
  }
  const bound = context.pod?.cgroup.find(({ file }) => file === FILES[field]);
  const above = bound ? missingFrom(wanted, parseList(bound.value)) : '';
  if (above !== '') {
    const message = `use ${WORDS[field]} ${above}: the pod may use ${bound!.value} only`;
    throw new PodError('manifest/schema', message, { at });
  }
  draft.cgroup.push({
    controller: 'cpuset',
    file: FILES[field],
    value: list,
    at,
    why: `run on ${WORDS[field]}s ${list}`,
    isList: true,
    // Version 1 has no word for "the parent's". That of version 2, an empty list, is ENOSPC while there are processes.
    ...(hierarchy.version === 2
      ? { unset: findingOf(context.host, 'text', POSSIBLE[field])?.trim() ?? offered.trim() }
      : {}),
  });
}

function addPartition(value: CpusetValue, { version }: CgroupHierarchy, draft: Draft, context: IsolatorContext): void {
  const at = context.atOf('/partition');
  if (value.partition === 'member') return;
  const what = `make a partition "${value.partition}"`;
  if (version === 1) {
    throw new PodError('host/unsupported', `${what}: cgroup version 1 has none`, { at });
  }
  if (value.cpus === undefined) {
    throw new PodError('manifest/schema', `${what}: it has no processors`, { at, hint: 'add "cpus"' });
  }
  const bound = context.pod?.cgroup.some(({ file }) => file === PARTITION_FILE) ?? draft.scope === 'pod';
  if (!bound) {
    throw new PodError('manifest/schema', `${what}: its pod has no partition`, {
      at,
      hint: 'add one to the pod as well',
    });
  }
  draft.cgroup.push({
    controller: 'cpuset',
    file: PARTITION_FILE,
    value: value.partition!,
    at,
    why: what,
    readBack: true,
    unset: 'member',
  });
}

export const CPUSET: Isolator<CpusetValue> = {
  name: 'resource/cpuset',
  example: { cpus: '0' },
  trials: [
    { of: 'partition', value: { cpus: '0', partition: 'root' }, isOfPod: true },
    { of: 'partition, isolated', value: { cpus: '0', partition: 'isolated' }, isOfPod: true },
  ],
  scopes: ['app', 'pod'],
  schema: SCHEMA,
  look,
  lower,
  readBack: ({ control }) => {
    // An empty list is the parent's; what comes of it is in the other file.
    const list = (field: keyof typeof FILES): string | undefined =>
      control('cpuset', { 1: FILES[field], 2: `${FILES[field]}.effective` })?.trim();
    const partition = control('cpuset', { 2: PARTITION_FILE })?.trim();
    return unlessEmpty({ cpus: list('cpus'), mems: list('mems'), partition });
  },
};
