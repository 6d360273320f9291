import { mapAll, PodError } from '../error.ts';
import { requireController } from './controllers.ts';
import { findingOf } from './finding.ts';
import { linesOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext, JsonSchema } from './isolator.ts';

interface RdmaLimit {
  readonly handles?: number;
  readonly objects?: number;
}

type RdmaValue = Readonly<Record<string, RdmaLimit>>;

const DEVICES = '/sys/class/infiniband';
/** The kernel reads an int. */
const COUNT: JsonSchema = { type: 'integer', minimum: 0, maximum: 2_147_483_646 };
const KEYS = { handles: 'hca_handle', objects: 'hca_object' } as const;

function lower(value: RdmaValue, draft: Draft, context: IsolatorContext): void {
  requireController(context, 'rdma', RDMA.name);
  const devices = findingOf(context.host, 'names', DEVICES) ?? [];
  mapAll(Object.entries(value), ([device, limit]) => {
    const at = context.atOf(`/${device}`);
    if (!devices.includes(device)) {
      const hint = devices.length > 0 ? `there are ${devices.join(', ')}` : 'there are none';
      throw new PodError('host/unsupported', `limit RDMA device "${device}": the host has none of that name`, {
        at,
        hint,
      });
    }
    const fields = (['handles', 'objects'] as const).filter((field) => limit[field] !== undefined);
    for (const field of fields) {
      const text = `${device} ${KEYS[field]}=`;
      refuseAbovePod(text, limit[field]!, context.atOf(`/${device}/${field}`), context);
      draft.cgroup.push({
        controller: 'rdma',
        file: 'rdma.max',
        value: `${text}${limit[field]}`,
        at: context.atOf(`/${device}/${field}`),
        why: `limit ${field} of "${device}" to ${limit[field]}`,
        key: device,
        unset: `${text}max`,
      });
    }
  });
}

function refuseAbovePod(prefix: string, count: number, at: IsolatorContext['at'], { pod }: IsolatorContext): void {
  const bound = pod?.cgroup.find(({ file, value }) => file === 'rdma.max' && value.startsWith(prefix));
  if (!bound || count <= Number(bound.value.slice(prefix.length))) return;
  throw new PodError('manifest/schema', `limit RDMA to "${prefix}${count}": the pod is limited to "${bound.value}"`, {
    at,
  });
}

export const RDMA: Isolator<RdmaValue> = {
  name: 'resource/rdma',
  example: { mlx5_0: { handles: 2 } },
  scopes: ['app', 'pod'],
  schema: {
    type: 'object',
    description:
      'RDMA resources, by the name of the device: the numbers of `handles` (of the adapter) and `objects` (queue pairs, memory regions and similar) that may exist at a time.',
    minProperties: 1,
    additionalProperties: {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      properties: {
        handles: { ...COUNT, description: 'The maximum number of handles. Default: no limit.' },
        objects: { ...COUNT, description: 'The maximum number of objects. Default: no limit.' },
      },
    },
    examples: [{ mlx5_0: { handles: 2, objects: 2000 } }],
  },
  look: () => [`names ${DEVICES}`],
  lower,
  readBack: ({ control }) =>
    unlessEmpty({ limits: linesOf(control('rdma', 'rdma.max')), used: linesOf(control('rdma', 'rdma.current')) }),
};
