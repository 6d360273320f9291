import { mapAll, PodError, type Position } from '../error.ts';
import type { Look } from '../plan/facts.ts';
import { findController } from './controllers.ts';
import { findingOf } from './finding.ts';
import { IN_THE_POD } from './fixed.ts';
import { linesOf, unlessEmpty } from './in-force.ts';
import type { DeviceGrant, Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

interface DeviceEntry {
  readonly path?: string;
  readonly type?: 'c' | 'b';
  readonly major?: number;
  readonly minor?: number;
  readonly access?: string;
}

export interface DevicesValue {
  readonly allow: readonly DeviceEntry[];
}

/** linux/kdev_t.h: 12 bits of major, 20 of minor. */
const MAJOR: JsonSchema = { type: 'integer', minimum: 0, maximum: 4095 };
const MINOR: JsonSchema = { type: 'integer', minimum: 0, maximum: 1_048_575 };

const SCHEMA: JsonSchema = {
  type: 'object',
  description:
    'Devices in addition to those of every pod (null, zero, full, random, urandom, tty, pseudo-terminals). Devices of the pod are available to all its apps.',
  additionalProperties: false,
  required: ['allow'],
  properties: {
    allow: {
      type: 'array',
      minItems: 1,
      description:
        'Each device is given by the `path` of its node, as in `{path: /dev/fuse, access: rw}`, or by `type` (`c` or `b`), `major` and `minor`. The node of a `path` appears at the same place in the /dev of the pod; all apps see the node, but only this app can use it. A node keeps its owner and mode, so a node that only root or a group of the host may open needs `userns: host`.',
      items: {
        type: 'object',
        additionalProperties: false,
        minProperties: 1,
        properties: {
          path: { type: 'string', pattern: '^/dev/[^\\u0000]+$', 'x-expects': 'a path below /dev' },
          type: { enum: ['c', 'b'], description: 'Character or block device.' },
          major: MAJOR,
          minor: { ...MINOR, description: 'Default: any.' },
          access: {
            type: 'string',
            pattern: '^[rwm]{1,3}$',
            default: 'rwm',
            'x-expects': 'r, w and m: to read, to write, to make nodes',
          },
        },
      },
    },
  },
};

function look({ allow }: DevicesValue): Look[] {
  return allow.flatMap(({ path }) => (path === undefined ? [] : [`node ${path}` as const]));
}

function lower({ allow }: DevicesValue, draft: Draft, context: IsolatorContext): void {
  const { host, at } = context;
  if (
    !host.caller &&
    !findController(host, 'devices') &&
    !host.cgroup.hierarchies.some(({ version }) => version === 2)
  ) {
    throw new PodError('host/unsupported', `apply "${DEVICES.name}": no cgroup hierarchy here restricts devices`, {
      at,
      hint: 'mount cgroup2 on /sys/fs/cgroup, or version 1 with the devices controller',
    });
  }
  draft.devices.push(...mapAll(allow.entries(), ([index, entry]) => grantOf(entry, `/allow/${index}`, context)));
}

function grantOf(entry: DeviceEntry, pointer: string, context: IsolatorContext): DeviceGrant {
  const { path, type, major, minor } = entry;
  const { host } = context;
  const at = context.atOf(pointer);
  const access = ['r', 'w', 'm'].filter((letter) => (entry.access ?? 'rwm').includes(letter)).join('');
  const hasNumbers = type !== undefined || major !== undefined || minor !== undefined;
  if (host.caller) refuseUnlessShown(entry, at);
  if (path !== undefined && !hasNumbers) return { ...nodeOf(path, access, `${pointer}/path`, context), access, at };
  if (path !== undefined || type === undefined || major === undefined) {
    throw new PodError('manifest/schema', 'allow a device: it is named by its path, or by its type and numbers', {
      at,
      hint: 'write "path", or "type", "major" and "minor"',
    });
  }
  const kind = type === 'c' ? 'char' : 'block';
  return { type: kind, major, ...(minor === undefined ? {} : { minor }), access, at };
}

/** The pods of a normal user are under no policy (docs/decisions/017): there only is what of /dev they are shown. */
function refuseUnlessShown({ path, access = 'rw' }: DeviceEntry, at: Position): void {
  const attempt = path === undefined ? 'allow devices by their number' : `allow device "${path}" for "${access}" only`;
  if (path !== undefined && access.includes('r') && access.includes('w')) return;
  throw new PodError('host/privilege', `${attempt}: only root can restrict devices`, {
    at,
    hint: 'name a device that any user may read and write by its path, or run the pod as root',
  });
}

/** Places in /dev that the pod fills with file systems and links of its own. */
const OWN = /^\/dev\/(pts|shm|mqueue|fd|ptmx|stdin|stdout|stderr)(\/|$)/;

function nodeOf(
  path: string,
  access: string,
  pointer: string,
  context: IsolatorContext,
): Omit<DeviceGrant, 'access' | 'at'> {
  const at = context.atOf(pointer);
  const what = `allow device "${path}"`;
  if (OWN.test(path) || path.split('/').some((part, i) => i > 0 && /^\.{0,2}$/.test(part))) {
    throw new PodError('manifest/schema', `${what}: a node of the host cannot be placed there`, { at });
  }
  const node = findingOf(context.host, 'node', path);
  if (node === null) throw new PodError('host/unsupported', `${what}: the host has no such device`, { at });
  const needed = (access.includes('r') ? 4 : 0) | (access.includes('w') ? 2 : 0);
  if (context.hasUserns && (node.others & needed) !== needed) {
    const message = `${what}: only certain users of the host may open it, and the pod has its own users`;
    throw new PodError('host/unsupported', message, {
      at,
      hint: `${context.host.caller ? 'run the pod as root with "userns: host"' : 'write "userns: host" in the pod'}, or change the node's mode on the host`,
    });
  }
  const { type, major, minor } = node;
  return { type, major, minor, node: { name: path.slice('/dev/'.length), source: node.path } };
}

export const DEVICES: Isolator<DevicesValue> = {
  name: 'os/linux/devices',
  example: { allow: [{ path: '/dev/null', access: 'rw' }] },
  scopes: ['app', 'pod'],
  schema: SCHEMA,
  look,
  lower,
  fixed: IN_THE_POD,
  // Version 2 has a program in its place, which nobody can read.
  readBack: ({ control }) => unlessEmpty({ list: linesOf(control('devices', { 1: 'devices.list' })) }),
};
