import type { EventOfPod } from '../pod/event-stream.ts';
import { toTime } from '../pod/events.ts';
import { eventText } from './event-text.ts';
import { formatLines, render } from './format.ts';
import { printable } from './table.ts';
import { STDOUT, type Terminal } from './terminal.ts';

/** All of them, once. */
export function renderEvents(terminal: Terminal, events: readonly EventOfPod[], format: string): Promise<string> {
  return render(format, {
    value: () => events.map(toObject),
    names: () => [...new Set(events.map(({ uuid }) => uuid))],
    text: () => events.map((one) => toLine(terminal, one)).join(''),
  });
}

/** Shows them as they come: as `renderEvents`, but JSON an object a line, YAML an item of a list at a time. */
export async function newEventSink(
  terminal: Terminal,
  format: string,
): Promise<(found: readonly EventOfPod[]) => void> {
  const toText = await converterTo(terminal, format);
  return (found) => terminal.out(toText(found));
}

async function converterTo(terminal: Terminal, format: string): Promise<(found: readonly EventOfPod[]) => string> {
  switch (format) {
    case 'json':
    case 'jsonl':
      return (found) => formatLines(found.map((one) => JSON.stringify(toObject(one))));
    case 'yaml': {
      const { yamlText } = await import('./yaml-text.ts');
      return (found) => yamlText(found.map(toObject));
    }
    case 'name': {
      const told = new Set<string>();
      return (found) => {
        const fresh = new Set(found.map(({ uuid }) => uuid).filter((uuid) => !told.has(uuid)));
        for (const uuid of fresh) told.add(uuid);
        return formatLines([...fresh]);
      };
    }
    default:
      return (found) => found.map((one) => toLine(terminal, one)).join('');
  }
}

function toLine(terminal: Terminal, { uuid, name, event }: EventOfPod): string {
  const pod = terminal.paint(STDOUT, 'cyan', printable(name ?? uuid.slice(0, 8)));
  return `${terminal.paint(STDOUT, 'dim', toTime(event.t))}  ${pod}  ${printable(eventText(event))}\n`;
}

function toObject({ uuid, name, event: { t, e, ...members } }: EventOfPod): object {
  return { time: toTime(t), uuid, name, event: e, ...members };
}
