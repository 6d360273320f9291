import { mapAll, PodError } from '../error.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import { findController, requireController } from './controllers.ts';
import { findingOf } from './finding.ts';
import { linesOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

type MiscValue = Readonly<Record<string, number>>;

function look(_: MiscValue, host: HostFacts): Look[] {
  const hierarchy = findController(host, 'misc');
  return hierarchy ? [`text ${hierarchy.mountPoint}/misc.capacity`] : [];
}

function lower(value: MiscValue, draft: Draft, context: IsolatorContext): void {
  const { mountPoint } = requireController(context, 'misc', MISC.name);
  const capacity = findingOf(context.host, 'text', `${mountPoint}/misc.capacity`) ?? '';
  // Lines of a name and a number.
  const names = capacity.split('\n').flatMap((line) => line.split(' ')[0] || []);
  mapAll(Object.entries(value), ([name, limit]) => {
    const at = context.atOf(`/${name}`);
    if (!names.includes(name)) {
      const hint = names.length > 0 ? `there are ${names.join(', ')}` : 'there are none';
      throw new PodError('host/unsupported', `limit "${name}": the host has no such resource`, { at, hint });
    }
    const bound = context.pod?.cgroup.find((write) => write.file === 'misc.max' && write.value.startsWith(`${name} `));
    if (bound && limit > Number(bound.value.slice(name.length + 1))) {
      throw new PodError('manifest/schema', `limit "${name}" to ${limit}: the pod is limited to "${bound.value}"`, {
        at,
      });
    }
    draft.cgroup.push({
      controller: 'misc',
      file: 'misc.max',
      value: `${name} ${limit}`,
      at,
      why: `limit "${name}" to ${limit}`,
      key: name,
      unset: `${name} max`,
    });
  });
}

export const MISC: Isolator<MiscValue> = {
  name: 'resource/misc',
  example: { sev: 2 },
  scopes: ['app', 'pod'],
  schema: {
    type: 'object',
    description:
      'Limited resources of the host that the kernel counts in `misc.capacity`: `sev`, `sev_es`, `tdx` (keys of encrypted virtual machines).',
    minProperties: 1,
    additionalProperties: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    examples: [{ sev: 2 }],
  },
  look,
  lower,
  readBack: ({ control }) =>
    unlessEmpty({ limits: linesOf(control('misc', 'misc.max')), used: linesOf(control('misc', 'misc.current')) }),
};
