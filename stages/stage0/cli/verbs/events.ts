import { type EventOfPod, EventStream } from '../../pod/event-stream.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { newEventSink, renderEvents } from '../event-printer.ts';
import { parseSinceMs } from '../time.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'events',
  purpose: 'Shows what happened to pods: starts, exits, restarts, removals, all pods in the order of time.',
  usage: ['pod events [-f] [--since T] [-o FORMAT] [POD]'],
  examples: [
    ['pod events web', 'of one pod'],
    ['pod events -f --since 10m', 'of all pods, and what goes on to happen'],
    ['pod events -f -o jsonl', 'an object a line, for a program'],
  ],
  flags: [
    { name: 'follow', short: 'f', help: 'go on: also with pods that come later; with a POD, until it is removed' },
    { name: 'since', value: 'T', help: 'only events since T: a duration (10m) or a time (2026-11-23T10:00:00Z)' },
    outputFlag('text'),
  ],
  notes: [
    'The journal of a pod goes with the pod. With -f, -o json writes an object a line, as jsonl does. -o name gives each pod once.',
  ],
  completes: 'pods',
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
