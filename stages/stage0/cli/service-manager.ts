// sd_notify(3), sd_watchdog_enabled(3): what a service tells the manager that started it.

import { sendDatagram } from '../../linux/datagram.ts';

/** A manager that does not read for so long is not waited for. */
const LIMIT_MS = 2000;

export class ServiceManager {
  readonly #socket: string;
  readonly #onFailure: (failure: Error) => void;
  /** How often the manager wants to hear from us; undefined when it does not. */
  readonly watchdogMs: number | undefined;

  private constructor(socket: string, watchdogMs: number | undefined, onFailure: (failure: Error) => void) {
    this.#socket = socket;
    this.watchdogMs = watchdogMs;
    this.#onFailure = onFailure;
  }

  /**
   * The manager of this process; undefined when none wants to hear from it. Takes the address out of the environment: programs
   * that we start are not the service. A word that could not be told is no failure of the service: `onFailure` hears of it.
   */
  static fromEnvironment(
    env: NodeJS.ProcessEnv,
    onFailure: (failure: Error) => void = () => undefined,
  ): ServiceManager | undefined {
    const socket = env['NOTIFY_SOCKET'];
    delete env['NOTIFY_SOCKET'];
    if (socket === undefined || socket === '') return undefined;
    const isForUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === process.pid;
    const watchdogUs = Number(env['WATCHDOG_USEC']);
    const watchdogMs = isForUs && watchdogUs > 0 ? watchdogUs / 1000 : undefined;
    return new ServiceManager(socket, watchdogMs, onFailure);
  }

  ready(status: string): void {
    this.#tell('READY=1', statusOf(status));
  }

  status(status: string): void {
    this.#tell(statusOf(status));
  }

  /** To be followed by `ready`. */
  reloading(status: string): void {
    const nowUs = process.hrtime.bigint() / 1000n;
    this.#tell('RELOADING=1', `MONOTONIC_USEC=${nowUs}`, statusOf(status));
  }

  stopping(status: string): void {
    this.#tell('STOPPING=1', statusOf(status));
  }

  alive(): void {
    this.#tell('WATCHDOG=1');
  }

  #tell(...lines: readonly string[]): void {
    try {
      if (!/^[/@]./.test(this.#socket)) throw new Error('neither a path nor an abstract name');
      sendDatagram(this.#socket, Buffer.from(lines.join('\n')), LIMIT_MS);
    } catch (error) {
      const reason = (error as Error).message;
      this.#onFailure(new Error(`tell the service manager at "${this.#socket}": ${reason}`, { cause: error }));
    }
  }
}

/** One line: the next would be a message of its own. */
function statusOf(text: string): string {
  return `STATUS=${text.replaceAll(/\s*\n\s*/g, '; ')}`;
}
