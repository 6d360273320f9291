import type { PodEvent } from './events.ts';

/** Output that is in no log: there was no room for it, or it came faster than all of the log could hold a second. */
export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

/** As the journal has it. While an app floods its log, init tells more and more rarely, at its end everything. */
export function droppedOf(events: readonly PodEvent[], app: string): Dropped {
  let [lines, bytes] = [0, 0];
  for (const event of events) {
    if (event.e !== 'log-dropped' || event.app !== app) continue;
    lines += event.lines;
    bytes += event.bytes;
  }
  return { lines, bytes };
}

/** A sentence for a person; undefined when nothing was dropped. */
export function droppedNote(app: string, { lines, bytes }: Dropped): string | undefined {
  return bytes === 0 ? undefined : `of what "${app}" wrote, ${lines} lines (${bytes} bytes) are in no log`;
}
