import type { LogLine } from '../pod/log-line.ts';
import { STDERR, STDOUT, type Style, type Terminal, writeAll } from './terminal.ts';

export interface LogPrinterOptions {
  readonly terminal: Terminal;
  /** Every app whose lines may come; with more than one, each line gets the name of its app. */
  readonly apps: readonly string[];
  readonly hasTimes?: boolean;
}

const STYLES: readonly Style[] = ['cyan', 'green', 'magenta', 'yellow', 'blue'];
const LINE_FEED = Buffer.from('\n');
const FLUSH_BYTES = 64 * 1024;

/**
 * Puts log lines on the caller's standard output and error, byte for byte what the app wrote when there is one app. Lines are
 * collected and written in runs of one stream, in their order; `flush` must follow the last.
 */
export class LogPrinter {
  readonly #options: LogPrinterOptions;
  readonly #prefixes = new Map<string, readonly [Buffer, Buffer]>();
  /** Apps in the middle of a line, by stream. */
  readonly #open = new Set<string>();
  /** Of each stream, the one whose line the cursor is in. */
  readonly #cursor = new Map<number, string>();
  #fd = STDOUT;
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  constructor(options: LogPrinterOptions) {
    this.#options = options;
    if (options.apps.length < 2) return;
    const width = Math.max(...options.apps.map((app) => app.length));
    options.apps.forEach((app, index) => {
      const paint = (fd: number): Buffer => {
        const text = `${app.padEnd(width)} |`;
        return Buffer.from(`${options.terminal.paint(fd, STYLES[index % STYLES.length]!, text)} `);
      };
      this.#prefixes.set(app, [paint(STDOUT), paint(STDERR)]);
    });
  }

  print(app: string, line: LogLine): void {
    const fd = line.stream === 'stdout' ? STDOUT : STDERR;
    if (fd !== this.#fd) this.flush();
    this.#fd = fd;
    const key = `${fd} ${app}`;
    this.#breakOther(fd, key);
    if (!this.#open.has(key)) this.#putStart(app, line, fd);
    this.#put(line.text);
    if (line.partial) {
      this.#open.add(key);
      this.#cursor.set(fd, key);
    } else {
      this.#open.delete(key);
      this.#cursor.delete(fd);
      this.#put(LINE_FEED);
    }
    if (this.#bytes >= FLUSH_BYTES) this.flush();
  }

  flush(): void {
    if (this.#chunks.length === 0) return;
    const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#bytes = 0;
    writeAll(this.#fd, bytes);
  }

  /** Several apps' last lines must not run together; one app's output stays as it was. */
  finish(): void {
    for (const key of this.#prefixes.size > 0 ? this.#open : []) {
      const fd = Number(key.split(' ', 1)[0]);
      if (fd !== this.#fd) this.flush();
      this.#fd = fd;
      this.#put(LINE_FEED);
    }
    this.#open.clear();
    this.flush();
  }

  /** What another app says does not go on in the middle of a line; the rest of that gets the app's name again. */
  #breakOther(fd: number, key: string): void {
    const other = this.#cursor.get(fd);
    if (other === undefined || other === key || this.#prefixes.size === 0) return;
    this.#put(LINE_FEED);
    this.#open.delete(other);
    this.#cursor.delete(fd);
  }

  #putStart(app: string, line: LogLine, fd: number): void {
    const prefix = this.#prefixes.get(app);
    if (prefix) this.#put(fd === STDOUT ? prefix[0] : prefix[1]);
    if (this.#options.hasTimes) this.#put(Buffer.from(`${this.#options.terminal.paint(fd, 'dim', line.time)} `));
  }

  #put(bytes: Uint8Array): void {
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
  }
}
