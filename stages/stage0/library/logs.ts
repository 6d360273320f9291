import { LineJoiner } from '../pod/line-joiner.ts';
import type { LogLine } from '../pod/log-line.ts';
import { LogFollower } from '../pod/logs.ts';

export interface LogEntry {
  readonly app: string;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** `hook`: output of one of the app's hooks. */
  readonly stream: 'stdout' | 'stderr' | 'hook';
  /** The text of the line; of a line longer than 1 MiB, only its last 1 MiB. */
  readonly text: string;
  /** Set when this entry stands for output that was dropped at this point. */
  readonly dropped?: { readonly lines: number; readonly bytes: number };
  /** Set when this entry is not a line of the app: log rotation may have deleted lines here before they were read. */
  readonly isOvertaken?: true;
}

/** What the apps of the pod in that directory have written so far, merged by time: a line is placed by the time it began. */
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
