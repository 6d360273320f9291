import { FINAL_BYTES, type PodEvent } from './events.ts';
import { parseObject, readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

/** Output that is in no log: there was no room for it, or it came faster than all of the log could hold a second. */
export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

const NOTHING: Dropped = { lines: 0, bytes: 0 };
/** Of one app's place behind the pod's last word. */
const PLACE_BYTES = 64;

/** What there was no room for in the journal either, by app in the order of the manifest; of the text of the pod's final record. */
export function parseUntold(final: string | undefined): Dropped[] {
  const places = final?.slice(FINAL_BYTES) ?? '';
  // Nearly always there is none: then nothing is parsed.
  if (!places.includes('{')) return [];
  return Array.from({ length: Math.floor(places.length / PLACE_BYTES) }, (_, i) => {
    const { lines, bytes } = parseObject(places.slice(i * PLACE_BYTES, (i + 1) * PLACE_BYTES).trim()) ?? {};
    return typeof lines === 'number' && typeof bytes === 'number' ? { lines, bytes } : NOTHING;
  });
}

export function readUntold(podPath: string): Dropped[] {
  return parseUntold(readIfThere(`${podPath}/${POD_FILES.final}`));
}

/**
 * As the journal has it, and what is not told there yet. While an app floods its log, init tells more and more rarely, at its end
 * everything.
 */
export function droppedOf(events: readonly PodEvent[], app: string, untold: Dropped = NOTHING): Dropped {
  let { lines, bytes } = untold;
  for (const event of events) {
    if ((event.e !== 'log-dropped' && event.e !== 'carried') || event.app !== app) continue;
    lines += event.lines;
    bytes += event.bytes;
  }
  return { lines, bytes };
}

/** A sentence for a person; undefined when nothing was dropped. */
export function droppedNote(app: string, { lines, bytes }: Dropped): string | undefined {
  return bytes === 0 ? undefined : `of what "${app}" wrote, ${lines} lines (${bytes} bytes) are in no log`;
}
