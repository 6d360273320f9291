import { boundOf } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';
import { requireNetMarks } from './net-cgroup.ts';

const FILE = 'net_cls.classid';

function lower(value: string, draft: Draft, context: IsolatorContext): void {
  const by = requireNetMarks(context, 'net_cls', NET_CLASS.name);
  const [major, minor] = value.split(':').map((half) => Number.parseInt(half, 16)) as [number, number];
  const priority = major * 0x1_00_00 + minor;
  const why = `mark packets with class ${value}`;
  const { at } = context;
  if (by === 'nftables') draft.marks.push({ priority, at, why });
  else draft.cgroup.push({ controller: 'net_cls', file: FILE, value: `${priority}`, at, why, unset: '0' });
}

export const NET_CLASS: Isolator<string> = {
  name: 'os/linux/net-class',
  example: '1:1',
  network: 'host',
  scopes: ['app', 'pod'],
  schema: {
    type: 'string',
    pattern: '^[0-9a-f]{1,4}:[0-9a-f]{1,4}$',
    'x-expects': 'a class: two hexadecimal numbers as tc writes them, as in "10:1"',
    description:
      'The traffic control class of packets, in tc(8) notation: "10:1". The classes are those of the host, so the pod needs the network of the host (mode `host`). Implemented by the net_cls controller of cgroup version 1, whose classes a `cgroup` filter matches. Without that controller, nftables and the version 2 tree set the packet priority, by which htb and similar qdiscs choose the class without a filter. The class of an app overrides that of its pod.',
  },
  lower,
  readBackNeedsValue: true,
  readBack: ({ control, marks }) => {
    const byRules = marks?.().find((mark) => mark.interface === undefined);
    const id = boundOf(control('net_cls', { 1: FILE })) ?? byRules?.priority;
    return typeof id === 'number' ? { class: `${(id >>> 16).toString(16)}:${(id & 0xffff).toString(16)}` } : undefined;
  },
};
