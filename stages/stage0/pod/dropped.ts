import { FINAL_BYTES, type PodEvent } from './events.ts';
import { parseObject, readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

/** Output that is in no log: there was no space for it, or it came so fast that the whole log could not hold one second of it. */
export interface Dropped {
  readonly lines: number;
  readonly bytes: number;
}

const NOTHING: Dropped = { lines: 0, bytes: 0 };
/** Size of one app's record after the pod's final record. */
const PLACE_BYTES = 64;

/**
 * Dropped output that could not be written to the journal either, by app in manifest order. `final`: the text of the pod's final
 * record.
 */
export function parseUntold(final: string | undefined): Dropped[] {
  const places = final?.slice(FINAL_BYTES) ?? '';
  // Usually there are no such records, and nothing needs parsing.
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
 * The total of the journal and of what the journal does not report yet. While an app floods its log, init reports less and less
 * often, and reports the rest when the app ends.
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

/** A message for the user; undefined when nothing was dropped. */
export function droppedNote(app: string, { lines, bytes }: Dropped): string | undefined {
  return bytes === 0 ? undefined : `${lines} lines (${bytes} bytes) of the output of "${app}" are missing from its log`;
}
