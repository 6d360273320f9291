import { mapAll, PodError, type Position, tryAll } from '../error.ts';
import { parseBytes } from '../manifest/quantity.ts';
import type { DiskBelow, HostFacts, Look } from '../plan/facts.ts';
import { findController, NOT_DELEGATED } from './controllers.ts';
import { findingOf } from './finding.ts';
import { linesOf, unlessEmpty } from './in-force.ts';
import type { CgroupWrite, Draft, InForce, InForceSource, IsolatorContext, JsonSchema } from './isolator.ts';
import type { OfImage } from './of-image.ts';

interface Rates {
  readonly limit?: string | number;
  readonly read?: string | number;
  readonly write?: string | number;
}

export interface BlockValue extends Rates {
  readonly disks?: readonly (Rates & { readonly path: string })[];
  readonly default?: true;
}

/** What one kind of limit is called. */
export interface BlockLimit {
  /** In sentences: `reads and writes`, `bandwidth`. */
  readonly what: string;
  readonly version1: Readonly<Record<Direction, string>>;
  readonly version2: Readonly<Record<Direction, string>>;
}

type Direction = 'read' | 'write';
const DIRECTIONS: readonly Direction[] = ['read', 'write'];
const SYS_BLOCK = '/sys/block';

/** Which disk a limit is for. */
export const DISK_PATH: JsonSchema = {
  type: 'string',
  pattern: '^/[^\\u0000]*$',
  'x-expects': 'an absolute path',
  description: 'A path on the host.',
};

/** The files of the host are not an image's to name. */
export function blockOfImage(value: BlockValue): OfImage {
  return value.disks ? { refused: '"disks" names paths of the host' } : { value };
}

export function blockSchema(description: string, rate: JsonSchema, unit: string): JsonSchema {
  const rates = {
    limit: { ...rate, description: `${unit} for reading, and the same for writing.` },
    read: { ...rate, description: `${unit} for reading. Default: \`limit\`.` },
    write: { ...rate, description: `${unit} for writing. Default: \`limit\`.` },
  };
  return {
    type: 'object',
    description,
    additionalProperties: false,
    minProperties: 1,
    properties: {
      ...rates,
      disks: {
        type: 'array',
        minItems: 1,
        description:
          'Limits of single disks, which replace the limits for every disk: `{path: /var/lib/db, limit: …}`. The disk is found from a `path` on it, or the path is the disk itself. Loop devices and device-mapper devices are disks.',
        items: {
          type: 'object',
          additionalProperties: false,
          required: ['path'],
          minProperties: 2,
          properties: {
            path: DISK_PATH,
            ...rates,
          },
        },
      },
      default: { const: true, description: 'In appc: the limit is for every disk.' },
    },
  };
}

export function lookForDisks({ disks = [], limit, read, write }: BlockValue): Look[] {
  const all: Look[] = limit === undefined && read === undefined && write === undefined ? [] : [`disks ${SYS_BLOCK}`];
  return [...all, ...disks.map(({ path }) => `disk ${path}` as const)];
}

/** Version 1 has it under its older name. */
export function requireBlock(context: IsolatorContext, isolator: string): 1 | 2 {
  const found = findBlock(context.host);
  if (found) return found;
  throw new PodError('host/unsupported', `apply "${isolator}": no cgroup hierarchy limits input and output here`, {
    at: context.at,
    hint: context.host.caller
      ? NOT_DELEGATED
      : 'mount cgroup2 on /sys/fs/cgroup, or version 1 with the blkio controller',
  });
}

function findBlock(host: HostFacts): 1 | 2 | undefined {
  return (findController(host, 'io') ?? findController(host, 'blkio'))?.version;
}

export function addBlockLimits(
  value: BlockValue,
  kind: BlockLimit,
  version: 1 | 2,
  draft: Draft,
  context: IsolatorContext,
): void {
  const targets = findTargets(value, kind, context);
  const each = DIRECTIONS.flatMap((direction) => targets.map((target) => ({ direction, target })));
  const wanted = new Map<string, CgroupWrite>();
  const paths = new Map<string, string>();
  // What is wrong with one field is told once, whatever disks and directions it is for.
  const refused = new Set<string>();
  tryAll(
    () => refuseUnnested(draft, context, version),
    () =>
      mapAll(each, ({ direction, target: { rates, pointer, device, path } }) => {
        const field = rates[direction] === undefined ? 'limit' : direction;
        const rate = rates[field];
        const place = `${pointer}/${field}`;
        if (rate === undefined || refused.has(place)) return;
        refused.add(place);
        const key = `${device} ${direction}`;
        const write = rateWrite(kind, version, { device, direction, rate, at: context.atOf(place) });
        refuseAbovePod(write, context);
        if (path !== undefined) refuseSameDisk(path, paths.get(key), kind, context.atOf(pointer));
        refused.delete(place);
        if (path !== undefined) paths.set(key, path);
        wanted.set(key, write);
      }),
  );
  draft.cgroup.push(...wanted.values());
}

/** Rates, where they stand in the value, and the disk that they are for. */
interface Target {
  readonly rates: Rates;
  readonly pointer: string;
  readonly device: string;
  /** Of a single disk. */
  readonly path?: string;
}

function findTargets(value: BlockValue, kind: BlockLimit, context: IsolatorContext): Target[] {
  const targets: Target[] = [];
  tryAll(
    () => requireRates(value, kind, context),
    () => checkRates(value, kind, context),
    () => targets.push(...findEverywhere(value, context).map((device) => ({ rates: value, pointer: '', device }))),
    () =>
      mapAll((value.disks ?? []).entries(), ([index, rates]) => {
        const [path, pointer] = [rates.path, `/disks/${index}`];
        targets.push({ rates, pointer, path, device: requireDisk(path, `${pointer}/path`, kind, context) });
      }),
  );
  return targets;
}

function requireRates({ limit, read, write, disks }: BlockValue, { what }: BlockLimit, { at }: IsolatorContext): void {
  if ((limit ?? read ?? write ?? disks) !== undefined) return;
  throw new PodError('manifest/schema', `limit the ${what}: there is no limit`, {
    at,
    hint: 'write "limit", "read", "write" or "disks"',
  });
}

/** Wherever the disks are: these are wrong on any of them. */
function checkRates(value: BlockValue, { what }: BlockLimit, context: IsolatorContext): void {
  const all = [['', value] as const, ...(value.disks ?? []).map((disk, at) => [`/disks/${at}`, disk] as const)];
  const given = all.flatMap(([pointer, rates]) =>
    (['limit', ...DIRECTIONS] as const).flatMap((field) => {
      const rate = rates[field];
      return rate === undefined ? [] : [{ rate, at: context.atOf(`${pointer}/${field}`) }];
    }),
  );
  mapAll(given, ({ rate, at }) => {
    // Version 1 takes it for "no limit", version 2 refuses it.
    if (parseBytes(rate, at) > 0n) return;
    throw new PodError('manifest/schema', `limit ${what} of disks to ${rate}: nothing could start`, { at });
  });
}

function refuseSameDisk(path: string, other: string | undefined, { what }: BlockLimit, at: Position): void {
  if (other === undefined) return;
  throw new PodError('manifest/duplicate', `limit the ${what} of "${path}": it is on the same disk as "${other}"`, {
    at,
  });
}

function findEverywhere(value: BlockValue, { host, at }: IsolatorContext): string[] {
  if (lookForDisks({ ...value, disks: [] }).length === 0) return [];
  const disks = findingOf(host, 'disks', SYS_BLOCK) ?? [];
  if (disks.length > 0) return disks.map(({ device }) => device);
  throw new PodError('host/unsupported', 'limit every disk: the host has none', { at });
}

function requireDisk(path: string, pointer: string, kind: BlockLimit, context: IsolatorContext): string {
  const at = context.atOf(pointer);
  const what = `limit ${kind.what} of the disk below "${path}"`;
  const { disks } = requireDisks(path, what, at, context);
  if (disks.length === 1) return disks[0]!;
  throw new PodError('host/unsupported', `${what}: its file system spans ${disks.length} disks`, {
    at,
    hint: `name each disk by its node in /dev: ${disks.join(', ')}`,
  });
}

/** At least one disk. */
export function requireDisks(path: string, what: string, at: Position, { host }: IsolatorContext): DiskBelow {
  const found = findingOf(host, 'disk', path);
  if (found === null) throw new PodError('host/unsupported', `${what}: there is no such path on the host`, { at });
  if (found.disks.length > 0) return found;
  throw new PodError('host/unsupported', `${what}: its file system has no disk`, {
    at,
    hint: 'overlay, tmpfs and network file systems have none',
  });
}

interface Rate {
  readonly device: string;
  readonly direction: Direction;
  readonly rate: string | number;
  readonly at: Position;
}

function rateWrite(kind: BlockLimit, version: 1 | 2, { device, direction, rate, at }: Rate): CgroupWrite {
  const amount = parseBytes(rate, at);
  const why = `limit ${kind.what} of disk ${device} to ${rate} (${direction})`;
  if (version === 1) {
    const file = kind.version1[direction];
    return { controller: 'blkio', file, value: `${device} ${amount}`, at, why, key: device, unset: `${device} 0` };
  }
  const what = `${device} ${kind.version2[direction]}`;
  const unset = `${what}=max`;
  return { controller: 'io', file: 'io.max', value: `${what}=${amount}`, at, why, key: device, unset };
}

/** A line a device with a limit: `8:0 rbps=1000`, or `8:0 1000`. */
export function readBlockLimits({ control }: InForceSource, { version1, version2 }: BlockLimit): InForce | undefined {
  const unified = linesOf(control('io', { 2: 'io.max' }));
  const rates = (direction: Direction): string[] | undefined => {
    const legacy = linesOf(control('blkio', { 1: version1[direction] }));
    return legacy ?? unified?.flatMap((line) => pickRate(line, version2[direction]));
  };
  return unlessEmpty({ read: rates('read'), write: rates('write') });
}

function pickRate(line: string, name: string): string[] {
  const [device, ...members] = line.split(' ');
  const amount = members.find((member) => member.startsWith(`${name}=`))?.slice(name.length + 1);
  return amount === undefined || amount === 'max' ? [] : [`${device} ${amount}`];
}

/** The last number of a write is its amount, what stands before says of what. */
function refuseAbovePod(write: CgroupWrite, { pod }: IsolatorContext): void {
  const [, subject, amount] = /^(.*[ =])(\d+)$/.exec(write.value)!;
  const bound = pod?.cgroup.find(({ file, value }) => file === write.file && value.startsWith(subject!));
  if (!bound || BigInt(amount!) <= BigInt(bound.value.slice(subject!.length))) return;
  throw new PodError('manifest/schema', `${write.why}: the pod as a whole has "${bound.value}"`, { at: write.at });
}

/**
 * Version 1 throttles each cgroup for itself, whatever its parent's limit. An app that stays in its pod's is bound by it; one
 * with a directory of its own would not be.
 */
export function refuseUnnested(draft: Draft, { pod, at }: IsolatorContext, version: 1 | 2): void {
  if (version === 2 || draft.scope === 'pod') return;
  const bound = pod?.cgroup.find(({ file }) => file.startsWith('blkio.throttle.'));
  if (!bound) return;
  throw new PodError(
    'host/unsupported',
    'limit input and output of an app: cgroup version 1 would not also apply the limit of its pod',
    {
      at,
      hint: `limit the apps or the pod; the pod's limit is on line ${bound.at?.line}`,
    },
  );
}
