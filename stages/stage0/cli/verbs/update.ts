import { PodError, podErrorsOf } from '../../error.ts';
import type { PodChange } from '../../pod/events.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { render } from '../format.ts';
import { printable } from '../table.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'update',
  purpose: 'Changes the limits of a running pod: either all that are given, or none.',
  usage: ['pod update POD --set KEY=VALUE… [-o FORMAT]'],
  examples: [
    ['pod update web --set app/nginx/resource/memory.limit=512Mi', 'change a limit of one app'],
    [
      'pod update web --set pod/resource/cpu.limit=2 --set app/nginx/resource/cpu.limit=1500m',
      'change limits of the pod and of an app',
    ],
    ['pod update web --set app/nginx/resource/cpu.burst=null', 'remove a value'],
  ],
  flags: [
    {
      name: 'set',
      value: 'KEY=VALUE',
      isRepeatable: true,
      help: 'app/APP/ISOLATOR.FIELD or pod/ISOLATOR.FIELD, as in a manifest; null removes the value',
    },
    outputFlag(),
  ],
  notes: [
    'All values are checked together, as at a start, before any is written. An app cannot get more than its pod has. If the kernel refuses a value, the values already written are restored.',
    "The pod's manifest (cat-manifest) then contains the new values. They survive a restart of the app, and the journal records them.",
    'Settings that are fixed at the start of a process cannot change: capabilities, filters, rlimits, OOM score, scheduler, umask, devices, sysctls, paths, network bandwidth.',
  ],
  completes: ['running', 'nothing'],
  run: update,
};

async function update(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const store = new PodStore(root);
  const pod = store.find(onlyOperand(invocation, 'POD'));
  requireRunning(store, pod);
  const { parseAssignment } = await import('../../resources/parse-set.ts');
  const { updatePod } = await import('../../resources/update.ts');
  const { settings, slips } = readAssignments(flags.all('set'), parseAssignment);
  const changes = updatePod(pod, settings, slips);
  const shown = await render(flags.value('output') ?? 'table', {
    value: () => ({ uuid: pod.uuid, changes }),
    names: () => [pod.uuid],
    text: () => (isQuiet ? '' : changes.map(renderChange).join('')),
  });
  terminal.out(shown);
  return 0;
}

type ParseAssignment = (text: string) => readonly [key: string, value: unknown];

interface Assignments {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly slips: readonly PodError[];
}

/** Everything that is wrong with how they are written; the same key twice is a slip. */
function readAssignments(texts: readonly string[], parse: ParseAssignment): Assignments {
  if (texts.length === 0) throw new PodError('cli/usage', '--set is missing: nothing to update');
  const settings: Record<string, unknown> = {};
  const slips: PodError[] = [];
  for (const text of texts) {
    try {
      const [key, value] = parse(text);
      if (Object.hasOwn(settings, key)) throw new PodError('cli/usage', `--set "${key}": it is set twice`);
      settings[key] = value;
    } catch (error) {
      slips.push(...podErrorsOf(error));
    }
  }
  return { settings, slips };
}

function renderChange({ key, from, to }: PodChange): string {
  return `${key}: ${shown(from)} → ${shown(to)}\n`;
}

function shown(value: unknown): string {
  if (value === null) return 'default';
  return printable(typeof value === 'string' ? value : JSON.stringify(value));
}
