import { PodError } from '../error.ts';
import type { HostFacts } from '../plan/facts.ts';
import { findController, requireController } from './controllers.ts';
import { boundOf, unlessEmpty } from './in-force.ts';
import type { Draft, Isolator, IsolatorContext } from './isolator.ts';

export interface PidsValue {
  readonly limit: number | string;
}

/** podman's: room for any server, and an end to fork bombs. */
const DEFAULT_LIMIT = 2048;

const FILE = 'pids.max';

/**
 * A host without the controller has no default limit; only a manifest that asks for one is refused. An app whose pod has no
 * more than that for all its apps needs none of its own either, and is spared a directory on version 1.
 */
function applyDefault(draft: Draft, host: HostFacts, pod?: Draft): void {
  if (!findController(host, 'pids')) return;
  const bound = Number(pod?.cgroup.find(({ file }) => file === FILE)?.value);
  if (bound <= DEFAULT_LIMIT) return;
  draft.cgroup.push({
    controller: 'pids',
    file: FILE,
    value: `${DEFAULT_LIMIT}`,
    unset: 'max',
    why: `limit processes to ${DEFAULT_LIMIT}, the default,`,
  });
}

function lower(value: PidsValue, draft: Draft, context: IsolatorContext): void {
  requireController(context, 'pids', PIDS.name);
  const before = draft.cgroup.findIndex(({ file }) => file === FILE);
  if (before >= 0) draft.cgroup.splice(before, 1);
  const limit = String(value.limit);
  refuseAbovePod(limit, context);
  draft.cgroup.push({
    controller: 'pids',
    file: FILE,
    value: limit,
    unset: 'max',
    at: context.atOf('/limit'),
    why: `limit processes to ${limit}`,
  });
}

/** An app would never come to such a limit, not even where its pod's is only the default. */
function refuseAbovePod(limit: string, context: IsolatorContext): void {
  const bound = context.pod?.cgroup.find(({ file }) => file === FILE);
  if (!bound || !(Number(limit) > Number(bound.value))) return;
  const owner = bound.at ? '' : ' by default';
  throw new PodError(
    'manifest/schema',
    `limit processes to ${limit}: the pod as a whole is limited to ${bound.value}${owner}`,
    { at: context.atOf('/limit'), hint: `write "${PIDS.name}" with a higher limit in the pod` },
  );
}

export const PIDS: Isolator<PidsValue> = {
  name: 'resource/pids',
  example: { limit: 64 },
  scopes: ['app', 'pod'],
  schema: {
    type: 'object',
    description: 'The number of processes and threads that may exist at a time.',
    additionalProperties: false,
    required: ['limit'],
    properties: {
      limit: {
        // PID_MAX_LIMIT of 64-bit kernels is 4194304: above it the limit could never be met.
        type: ['integer', 'string'],
        minimum: 1,
        maximum: 4_194_304,
        pattern: '^([1-9][0-9]{0,6}|max)$',
        'x-expects': 'a number of processes above 0, or "max"',
        description: `The maximum number, or "max" for no limit of its own. Default: ${DEFAULT_LIMIT}, for each app and for the pod. At most the limit of the pod.`,
      },
    },
  },
  applyDefault,
  lower,
  readBack: ({ control }) => unlessEmpty({ limit: boundOf(control('pids', FILE)) }),
};
