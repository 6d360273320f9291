import { LineJoiner } from '../pod/line-joiner.ts';
import type { LogLine } from '../pod/log-line.ts';
import { LogFollower } from '../pod/logs.ts';

export interface LogEntry {
  readonly app: string;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** `hook`: what a hook of the app wrote. */
  readonly stream: 'stdout' | 'stderr' | 'hook';
  /** Of a line of more than 1 MiB its last. */
  readonly text: string;
  /** The entry stands for output that was dropped here. */
  readonly dropped?: { readonly lines: number; readonly bytes: number };
  /** No line of the app's: lines may be missing here, which rotation took away before they were read. */
  readonly isOvertaken?: true;
}

/** What the apps of the pod in that directory have written so far, merged by time: a line stands where it began. */
export function readLogs(podPath: string, apps: readonly string[]): LogEntry[] {
  const entries: LogEntry[] = [];
  const joiner = new LineJoiner();
  const places = new Map<string, number>();
  using follower = new LogFollower(podPath, {
    apps,
    sink(app, line) {
      const { key, text, goesOn } = joiner.join(app, line);
      const place = goesOn ? places.get(key)! : entries.length;
      places.set(key, place);
      entries[place] = { ...(entries[place] ?? newEntry(app, line)), text: text.toString('utf8') };
    },
  });
  follower.readExisting();
  return entries;
}

function newEntry(app: string, { time, stream, gap, isOvertaken }: LogLine): Omit<LogEntry, 'text'> {
  return { app, time, stream, ...(gap ? { dropped: gap } : {}), ...(isOvertaken ? { isOvertaken } : {}) };
}
