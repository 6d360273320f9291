import type { Dropped } from './dropped.ts';

/**
 * One line of a log file, in the format of the Kubernetes container runtime interface: `TIME STREAM F|P TEXT`; where output is
 * missing, `TIME STREAM G LINES BYTES`.
 */
export interface LogLine {
  /** RFC 3339 with nanoseconds, UTC: such times sort as text. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr' | 'hook';
  /** `P`: the line continues in the next entry of the same stream. */
  readonly partial: boolean;
  /** Without the line feed; not necessarily UTF-8. */
  readonly text: Uint8Array;
  /** Set when this entry is not a line of the app: output of this size is missing here. */
  readonly gap?: Dropped;
  /**
   * Set when this entry is not a line of the app: files were rotated away before they were read, so the number of missing lines is
   * unknown.
   */
  readonly isOvertaken?: true;
}

/** The entries of a reader that was too slow for the app: first ends the unfinished lines. */
export function overtaken(time: string, open: Iterable<LogLine['stream']>): LogLine[] {
  const ends = [...open].map((stream): LogLine => ({ time, stream, partial: false, text: new Uint8Array() }));
  const text = Buffer.from('[lines may be missing here: files were rotated away before they were read]');
  return [...ends, { time, stream: 'stdout', partial: false, text, isOvertaken: true }];
}

const SPACE = 0x20;
const LETTER_P = 0x50;
const LETTER_G = 0x47;
export const ZERO_TIME = '0000-00-00T00:00:00.000000000Z';

/** `line` has no line feed. A line in another format (a full disk tears lines) counts as text on standard output. */
export function parseLogLine(line: Buffer, lastTime: string = ZERO_TIME): LogLine {
  const timeEnd = line.indexOf(SPACE);
  const streamEnd = timeEnd === -1 ? -1 : line.indexOf(SPACE, timeEnd + 1);
  const tagEnd = streamEnd === -1 ? -1 : line.indexOf(SPACE, streamEnd + 1);
  const stream = streamEnd === -1 ? '' : line.toString('latin1', timeEnd + 1, streamEnd);
  if (tagEnd === -1 || (stream !== 'stdout' && stream !== 'stderr' && stream !== 'hook')) {
    return { time: lastTime, stream: 'stdout', partial: false, text: line };
  }
  const gap = line[streamEnd + 1] === LETTER_G ? parseGap(line.toString('latin1', tagEnd + 1)) : undefined;
  return {
    time: line.toString('latin1', 0, timeEnd),
    stream,
    ...(gap ? { gap } : {}),
    partial: line[streamEnd + 1] === LETTER_P,
    text: gap ? Buffer.from(gapText(gap)) : line.subarray(tagEnd + 1),
  };
}

function parseGap(text: string): Dropped | undefined {
  const [, lines, bytes] = /^(\d+) (\d+)$/.exec(text) ?? [];
  return lines === undefined || bytes === undefined ? undefined : { lines: Number(lines), bytes: Number(bytes) };
}

/** The text shown in place of missing output. */
function gapText({ lines, bytes }: Dropped): string {
  return `[${lines} lines (${bytes} bytes) are missing here]`;
}
