import type { ImageProgress } from '../image/types.ts';
import { isTerminal, STDERR, type Terminal } from './terminal.ts';
import type { Invocation } from './verb.ts';

/** Shows how far images are fetched and unpacked, on standard error. */
export interface Progress {
  readonly show: (progress: ImageProgress) => void;
  readonly finish: () => void;
}

const BAR_CELLS = 24;
/** Of a line with a bar of that many cells. A line that wraps could not be redrawn. */
const LINE_COLUMNS = 80;
/** More are at work only when many images are fetched at once. */
const MOST_LINES = 12;
const REDRAW_MS = 50;

export function newProgress({ flags, isQuiet, terminal }: Invocation): Progress {
  const choice = flags.value('progress') ?? 'auto';
  if (isQuiet || choice === 'quiet') return { show: () => undefined, finish: () => undefined };
  if (choice === 'tty' || (choice === 'auto' && isTerminal(STDERR))) return new ProgressBars(terminal);
  return plainProgress(terminal);
}

export function plainProgress(terminal: Pick<Terminal, 'err'>): Progress {
  const begun = new Set<string>();
  const show = (progress: ImageProgress): void => {
    const { kind, digest } = progress;
    if (kind === 'done') terminal.err(`unpacked ${shorten(digest)}\n`);
    if (kind !== 'download' || begun.has(digest)) return;
    begun.add(digest);
    terminal.err(`fetching ${shorten(digest)}, ${mebibytes(progress.totalBytes)}\n`);
  };
  return { show, finish: () => undefined };
}

type Step = Exclude<ImageProgress, { kind: 'done' }>;

/** One line for each layer that is being fetched or unpacked, redrawn in place; nothing of it is left when all is done. */
export class ProgressBars implements Progress {
  readonly #terminal: Pick<Terminal, 'err' | 'paint'>;
  readonly #columns: () => number;
  readonly #layers = new Map<string, Step>();
  #doneLayers = 0;
  #drawnLines = 0;
  #drawnAt = 0;

  constructor(terminal: Pick<Terminal, 'err' | 'paint'>, columns: () => number = () => process.stderr.columns) {
    this.#terminal = terminal;
    this.#columns = columns;
  }

  readonly show = (progress: ImageProgress): void => {
    const isNew = this.#layers.get(progress.digest)?.kind !== progress.kind;
    if (progress.kind === 'done') {
      this.#layers.delete(progress.digest);
      this.#doneLayers++;
    } else this.#layers.set(progress.digest, progress);
    const now = process.uptime() * 1000;
    if (!isNew && now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#draw();
  };

  readonly finish = (): void => {
    this.#clear();
    this.#layers.clear();
    this.#doneLayers = 0;
  };

  #draw(): void {
    this.#clear();
    const cells = Math.max(0, BAR_CELLS - Math.max(0, LINE_COLUMNS - (this.#columns() || LINE_COLUMNS)));
    const lines = [...this.#layers.values()].slice(0, MOST_LINES).map((step) => this.#line(step, cells));
    if (this.#doneLayers > 0)
      lines.unshift(`${this.#doneLayers} ${this.#doneLayers === 1 ? 'layer' : 'layers'} done\n`);
    this.#terminal.err(lines.join(''));
    this.#drawnLines = lines.length;
  }

  #line({ kind, digest, doneBytes, totalBytes }: Step, cells: number): string {
    const share = totalBytes > 0 ? Math.min(1, doneBytes / totalBytes) : 1;
    const filled = Math.round(share * cells);
    const bar =
      this.#terminal.paint(STDERR, 'green', '━'.repeat(filled)) +
      this.#terminal.paint(STDERR, 'dim', '─'.repeat(cells - filled));
    const word = kind === 'download' ? 'fetch ' : 'unpack';
    return `${shorten(digest)}  ${word}  ${bar}  ${String(Math.floor(share * 100)).padStart(3)}%  ${mebibytes(doneBytes)} of ${mebibytes(totalBytes)}\n`;
  }

  /** Up to the first of our lines, and everything from there erased. */
  #clear(): void {
    if (this.#drawnLines > 0) this.#terminal.err(`\u001b[${this.#drawnLines}A\u001b[J`);
    this.#drawnLines = 0;
  }
}

function shorten(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
