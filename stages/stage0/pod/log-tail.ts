import { closeSync, constants, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { type LogLine, overtaken, parseLogLine, ZERO_TIME } from './log-line.ts';

const CHUNK_BYTES = 64 * 1024;
/** Init breaks lines long before this size; this limits the memory that a damaged file can take. */
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const NOTHING: Buffer = Buffer.alloc(0);

/**
 * Reads one app's log from its oldest file on, across rotations, as it grows. A file is identified by its inode: after `app.log`
 * has become `app.log.1`, its last lines are read before the new file is opened.
 */
export class LogTail implements Disposable {
  readonly app: string;
  readonly #dir: string;
  #fd = -1;
  #position = 0;
  #rest = NOTHING;
  #lastTime: string | undefined;
  /** Streams that are in the middle of a line. */
  readonly #open = new Set<LogLine['stream']>();
  /** Entries to deliver before the content of the files. */
  #notes: LogLine[] = [];

  /** `dir` may be a `/proc/self/fd/N`, which stays valid when the pod moves. */
  constructor(dir: string, app: string) {
    this.#dir = dir;
    this.app = app;
  }

  /** Moves to the beginning of the last `lines` lines, instead of the oldest line. */
  seekToLast(lines: number): void {
    while (!this.#trySeek(lines));
  }

  /** Returns false when a rotation interfered. */
  #trySeek(lines: number): boolean {
    let missing = lines;
    for (const { name, ino } of filesAtOnce(this.#dir, this.app).toReversed()) {
      const fd = openLog(`${this.#dir}/${name}`);
      if (fd === undefined || fstatSync(fd).ino !== ino) {
        if (fd !== undefined) closeSync(fd);
        this.#close();
        return false;
      }
      this.#close();
      this.#fd = fd;
      const found = lastLines(fd, missing);
      this.#position = found.position;
      missing -= found.lines;
      if (missing <= 0) return true;
    }
    return true;
  }

  /** The next whole line; undefined when there is none yet. */
  next(): LogLine | undefined {
    for (;;) {
      const note = this.#notes.shift();
      if (note) return note;
      const end = this.#rest.indexOf(LINE_FEED);
      if (end !== -1) return this.#take(end, end + 1);
      if (this.#rest.length > MAX_LINE_BYTES) return this.#take(this.#rest.length, this.#rest.length);
      if (!this.#fill() && !this.#openNext()) return undefined;
    }
  }

  /** What a dead pod left after its last line feed. */
  takeTorn(): LogLine | undefined {
    return this.#rest.length === 0 ? undefined : this.#take(this.#rest.length, this.#rest.length);
  }

  [Symbol.dispose](): void {
    this.#close();
  }

  #take(end: number, next: number): LogLine {
    const line = parseLogLine(this.#rest.subarray(0, end), this.#lastTime);
    this.#rest = this.#rest.subarray(next);
    this.#lastTime = line.time;
    if (line.partial) this.#open.add(line.stream);
    else this.#open.delete(line.stream);
    return line;
  }

  #fill(): boolean {
    if (this.#fd === -1) return false;
    // A new buffer each time, because delivered lines still refer to the old one.
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const length = readSync(this.#fd, chunk, 0, CHUNK_BYTES, this.#position);
    if (length === 0) return false;
    this.#position += length;
    const fresh = chunk.subarray(0, length);
    this.#rest = this.#rest.length === 0 ? fresh : Buffer.concat([this.#rest, fresh]);
    return true;
  }

  /** Moves on to the next file. Returns false when this is the newest file. */
  #openNext(): boolean {
    for (;;) {
      const next = this.#nextFile();
      if (next === undefined) return false;
      // Data written between the last read and the rotation.
      if (this.#fill()) return true;
      const fd = openLog(`${this.#dir}/${next.name}`);
      // A rotation since the listing: the name belongs to another file now.
      if (fd === undefined || fstatSync(fd).ino !== next.ino) {
        if (fd !== undefined) closeSync(fd);
        continue;
      }
      this.#close();
      this.#fd = fd;
      this.#position = 0;
      if (next.isOvertaken) this.#noteOvertaken();
      return true;
    }
  }

  #noteOvertaken(): void {
    this.#notes = overtaken(this.#lastTime ?? ZERO_TIME, this.#open);
    this.#open.clear();
    this.#rest = NOTHING;
  }

  /**
   * Undefined when there is no next file. `isOvertaken`: the file being read has been deleted, and an unknown number of files after
   * it. An app with a single log file deletes it at every rotation, so there it means nothing and is false.
   */
  #nextFile(): (LogFile & { readonly isOvertaken: boolean }) | undefined {
    const own = this.#fd === -1 ? undefined : fstatSync(this.#fd).ino;
    const name = `${this.app}.log`;
    const current = statSync(`${this.#dir}/${name}`, { throwIfNoEntry: false });
    if (own !== undefined && current?.ino === own) return undefined;
    // Most logs have never been rotated, and listing the directory takes ten times as long as checking one name.
    if (own === undefined && current && !existsSync(`${this.#dir}/${name}.1`))
      return { name, ino: current.ino, isOvertaken: false };
    const files = filesAtOnce(this.#dir, this.app);
    const at = own === undefined ? -1 : files.findIndex(({ ino }) => ino === own);
    const next = files[at + 1];
    // The file was rotated away: continue with the oldest remaining file.
    return next && { ...next, isOvertaken: own !== undefined && at === -1 && files.length > 1 };
  }

  #close(): void {
    if (this.#fd !== -1) closeSync(this.#fd);
    this.#fd = -1;
  }
}

interface LogFile {
  readonly name: string;
  readonly ino: number;
}

/** Oldest first. Lists until two listings agree: a rotation during a listing would show a file twice, or not at all. */
function filesAtOnce(dir: string, app: string): LogFile[] {
  for (let before = '', seen: LogFile[]; ; before = JSON.stringify(seen)) {
    seen = logFiles(dir, app).flatMap((name) => {
      const ino = statSync(`${dir}/${name}`, { throwIfNoEntry: false })?.ino;
      return ino === undefined ? [] : [{ name, ino }];
    });
    if (JSON.stringify(seen) === before) return seen;
  }
}

/** Names of the app's log files, oldest first: `app.log.2`, `app.log.1`, `app.log`. */
export function logFiles(dir: string, app: string): string[] {
  const prefix = `${app}.log`;
  const numbers: number[] = [];
  for (const name of readdirSync(dir)) {
    if (name === prefix) numbers.push(0);
    else if (name.startsWith(`${prefix}.`) && /^[1-9]\d*$/.test(name.slice(prefix.length + 1))) {
      numbers.push(Number(name.slice(prefix.length + 1)));
    }
  }
  return numbers.toSorted((a, b) => b - a).map((number) => (number === 0 ? prefix : `${prefix}.${number}`));
}

function openLog(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    // A rotation moved the file after the listing; the next listing finds it under its new name.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The position where the file's last `wanted` lines begin; 0 and the number of lines when the file has fewer. */
function lastLines(fd: number, wanted: number): { position: number; lines: number } {
  let position = fstatSync(fd).size;
  if (wanted <= 0) return { position, lines: 0 };
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let lines = 0;
  while (position > 0) {
    const length = Math.min(CHUNK_BYTES, position);
    readSync(fd, chunk, 0, length, position - length);
    for (let at = length - 1; at >= 0; at--) {
      if (chunk[at] !== LINE_FEED) continue;
      // The line feed at the end of the file ends its last line; each earlier one ends the line before.
      if (lines === wanted) return { position: position - length + at + 1, lines };
      lines++;
    }
    position -= length;
  }
  return { position: 0, lines };
}
