import { LogFollower } from '../pod/logs.ts';

export interface LogEntry {
  readonly app: string;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  /** `hook`: what a hook of the app wrote. */
  readonly stream: 'stdout' | 'stderr' | 'hook';
  readonly text: string;
  /** The entry stands for output that was dropped here. */
  readonly dropped?: { readonly lines: number; readonly bytes: number };
  /** No line of the app's: lines may be missing here, which rotation took away before they were read. */
  readonly isOvertaken?: true;
}

/** What the apps of the pod in that directory have written so far, merged by time. */
export function readLogs(podPath: string, apps: readonly string[]): LogEntry[] {
  const entries: LogEntry[] = [];
  using follower = new LogFollower(podPath, {
    apps,
    sink: (app, line) =>
      entries.push({
        app,
        time: line.time,
        stream: line.stream,
        text: Buffer.from(line.text).toString('utf8'),
        ...(line.gap ? { dropped: line.gap } : {}),
        ...(line.isOvertaken ? { isOvertaken: true } : {}),
      }),
  });
  follower.readExisting();
  return entries;
}
