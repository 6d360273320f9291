import { mapAll, PodError } from '../error.ts';
import { findingOf } from './finding.ts';
import { linesOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';
import { requireNetMarks } from './net-cgroup.ts';

const FILE = 'net_prio.ifpriomap';
const INTERFACES = '/sys/class/net';

function lower(value: Readonly<Record<string, number>>, draft: Draft, context: IsolatorContext): void {
  const by = requireNetMarks(context, 'net_prio', NET_PRIORITY.name);
  const names = findingOf(context.host, 'names', INTERFACES) ?? [];
  mapAll(Object.entries(value), ([name, priority]) => {
    const at = context.atOf(`/${name}`);
    const why = `give packets priority ${priority} on "${name}"`;
    if (!names.includes(name)) {
      throw new PodError('host/unsupported', `${why}: the host has no such interface`, {
        at,
        hint: `there are ${names.join(', ')}`,
      });
    }
    if (by === 'nftables') {
      draft.marks.push({ priority, interface: name, at, why });
      return;
    }
    const [entry, unset] = [`${name} ${priority}`, `${name} 0`];
    draft.cgroup.push({ controller: 'net_prio', file: FILE, value: entry, at, why, key: name, unset });
  });
}

export const NET_PRIORITY: Isolator<Readonly<Record<string, number>>> = {
  name: 'os/linux/net-priority',
  example: { lo: 1 },
  network: 'host',
  scopes: ['app', 'pod'],
  schema: {
    type: 'object',
    minProperties: 1,
    // skb->priority is an u32; the queueing disciplines know 0 to 15.
    additionalProperties: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
    examples: [{ eth0: 6 }],
    description:
      'The priority of outgoing packets, for each interface of the host. The pod needs the network of the host (mode `host`). Implemented by the net_prio controller of cgroup version 1, or without it by nftables and the version 2 tree. The priority of an app overrides that of its pod.',
  },
  look: () => [`names ${INTERFACES}`],
  lower,
  // Every interface of the host has a line, and most have 0.
  readBackNeedsValue: true,
  readBack: ({ control, marks }) => {
    const byRules = marks?.().filter((mark) => mark.interface !== undefined);
    const lines = linesOf(control('net_prio', { 1: FILE }))?.filter((line) => !line.endsWith(' 0'));
    return unlessEmpty({ priorities: lines ?? byRules?.map((mark) => `${mark.interface} ${mark.priority}`) });
  },
};
