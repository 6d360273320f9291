import type { ImageProgress } from '../image/types.ts';
import { isTerminal, STDERR, type Terminal } from './terminal.ts';
import type { Invocation } from './verb.ts';

/** Shows how far images are unpacked, on standard error. */
export interface Progress {
  readonly show: (progress: ImageProgress) => void;
  readonly finish: () => void;
}

const BAR_CELLS = 24;
const REDRAW_MS = 50;

export function newProgress({ flags, isQuiet, terminal }: Invocation): Progress {
  const choice = flags.value('progress') ?? 'auto';
  if (isQuiet || choice === 'quiet') return { show: () => undefined, finish: () => undefined };
  if (choice === 'tty' || (choice === 'auto' && isTerminal(STDERR))) return new ProgressBars(terminal);
  return plainProgress(terminal);
}

function plainProgress(terminal: Terminal): Progress {
  const show = (progress: ImageProgress): void => {
    if (progress.kind === 'done') terminal.err(`unpacked ${shorten(progress.digest)}\n`);
  };
  return { show, finish: () => undefined };
}

/** One line a layer, redrawn in place; nothing of it is left when all is done. */
class ProgressBars implements Progress {
  readonly #terminal: Terminal;
  readonly #layers = new Map<string, { readonly done: number; readonly total: number }>();
  #drawnLines = 0;
  #drawnAt = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  readonly show = (progress: ImageProgress): void => {
    const known = this.#layers.get(progress.digest);
    if (progress.kind === 'layer')
      this.#layers.set(progress.digest, { done: progress.doneBytes, total: progress.totalBytes });
    else if (known) this.#layers.set(progress.digest, { done: known.total, total: known.total });
    const now = process.uptime() * 1000;
    if (progress.kind === 'layer' && now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#draw();
  };

  readonly finish = (): void => {
    this.#clear();
    this.#layers.clear();
  };

  #draw(): void {
    this.#clear();
    const lines = [...this.#layers].map(([digest, { done, total }]) => {
      const share = total > 0 ? Math.min(1, done / total) : 1;
      const filled = Math.round(share * BAR_CELLS);
      const bar =
        this.#terminal.paint(STDERR, 'green', '━'.repeat(filled)) +
        this.#terminal.paint(STDERR, 'dim', '─'.repeat(BAR_CELLS - filled));
      return `${shorten(digest)}  ${bar}  ${String(Math.floor(share * 100)).padStart(3)}%  ${mebibytes(done)} of ${mebibytes(total)}\n`;
    });
    this.#terminal.err(lines.join(''));
    this.#drawnLines = lines.length;
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
