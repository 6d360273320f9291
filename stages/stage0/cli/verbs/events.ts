import { type EventOfPod, EventStream } from '../../pod/event-stream.ts';
import { toTime } from '../../pod/events.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand } from '../arguments.ts';
import { eventText } from '../event-text.ts';
import { printable } from '../table.ts';
import { STDOUT, type Terminal } from '../terminal.ts';
import { parseSinceMs } from '../time.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'events',
  purpose: 'Shows what happened to pods: starts, exits, restarts, removals, all pods in the order of time.',
  usage: ['pod events [-f] [--since T] [-o text|json|jsonl] [POD]'],
  examples: [
    ['pod events web', 'of one pod'],
    ['pod events -f --since 10m', 'of all pods, and what goes on to happen'],
    ['pod events -f -o jsonl', 'an object a line, for a program'],
  ],
  flags: [
    { name: 'follow', short: 'f', help: 'go on: also with pods that come later; with a POD, until it is removed' },
    { name: 'since', value: 'T', help: 'only events since T: a duration (10m) or a time (2026-11-23T10:00:00Z)' },
    outputFlag('text', 'json', 'jsonl'),
  ],
  notes: ['The journal of a pod goes with the pod. With -f, -o json writes an object a line, as jsonl does.'],
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
  const isFollowed = flags.has('follow');
  const all: object[] = [];
  const sink = (found: readonly EventOfPod[]): void => {
    if (format === 'text') terminal.out(found.map((one) => eventLine(terminal, one)).join(''));
    else if (format === 'json' && !isFollowed) all.push(...found.map(toObject));
    else terminal.out(found.map((one) => `${JSON.stringify(toObject(one))}\n`).join(''));
  };
  using stream = new EventStream(store, { uuid, sinceMs, sink });
  if (isFollowed) await stream.follow();
  else stream.read();
  if (format === 'json' && !isFollowed) terminal.out(`${JSON.stringify(all, null, 2)}\n`);
  return 0;
}

function eventLine(terminal: Terminal, { uuid, name, event }: EventOfPod): string {
  const pod = terminal.paint(STDOUT, 'cyan', printable(name ?? uuid.slice(0, 8)));
  return `${terminal.paint(STDOUT, 'dim', toTime(event.t))}  ${pod}  ${printable(eventText(event))}\n`;
}

function toObject({ uuid, name, event: { t, e, ...members } }: EventOfPod): object {
  return { time: toTime(t), uuid, name, event: e, ...members };
}
