import { type EventOfPod, EventStream } from '../../pod/event-stream.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { newEventSink, renderEvents } from '../event-printer.ts';
import { parseSinceMs } from '../time.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'events',
  purpose: 'Shows the events of pods in order of time: starts, exits, restarts, removals.',
  usage: ['pod events [-f] [--since T] [-o FORMAT] [POD]'],
  examples: [
    ['pod events web', 'show the events of one pod'],
    ['pod events -f --since 10m', 'show the events of all pods and follow new ones'],
    ['pod events -f -o jsonl', 'print one JSON object a line, for a program'],
  ],
  flags: [
    {
      name: 'follow',
      short: 'f',
      help: 'follow new events, including those of pods created later; with a POD, until the pod is removed',
    },
    { name: 'since', value: 'T', help: 'show only events since T: a duration (10m) or a time (2026-11-23T10:00:00Z)' },
    outputFlag('text'),
  ],
  notes: [
    'Removing a pod also removes its journal. With -f, -o json prints one object a line, like jsonl. -o name prints each pod once.',
  ],
  completes: ['pods', 'nothing'],
  run: events,
};

async function events(invocation: Invocation): Promise<number> {
  const { flags, operands, root, terminal } = invocation;
  const store = new PodStore(root);
  const uuid = operands.length === 0 ? undefined : store.find(onlyOperand(invocation, 'POD')).uuid;
  const since = flags.value('since');
  const sinceMs = since === undefined ? undefined : parseSinceMs(since);
  const format = flags.value('output') ?? 'text';
  if (flags.has('follow')) {
    using stream = new EventStream(store, { uuid, sinceMs, sink: await newEventSink(terminal, format) });
    await stream.follow();
    return 0;
  }
  const all: EventOfPod[] = [];
  using stream = new EventStream(store, { uuid, sinceMs, sink: (found) => void all.push(...found) });
  stream.read();
  terminal.out(await renderEvents(terminal, all, format));
  return 0;
}
