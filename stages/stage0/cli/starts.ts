import { PodError, PodErrors } from '../error.ts';
import { EventTail, type StreamEvent } from '../pod/event-tail.ts';
import { hookProblem } from '../pod/hook-failures.ts';
import type { PodDir } from '../pod/store.ts';

type End = 'started' | 'skipped' | { readonly failed: string };

/** What became of the starts of apps that somebody has asked for, by the pod's journal as it grows. */
export class Starts implements Disposable {
  readonly #pod: PodDir;
  readonly #apps: readonly string[];
  readonly #tail: EventTail;
  /** Since each app's last request. */
  readonly #ends = new Map<string, End>();

  /** Before the request. */
  constructor(pod: PodDir, apps: readonly string[]) {
    this.#pod = pod;
    this.#apps = apps;
    this.#tail = new EventTail(pod.uuid);
    this.#tail.read(pod);
  }

  /** After init has answered: the request is in the journal, and what came before it does not count. */
  begin(): void {
    for (const event of this.#tail.read(undefined)) {
      if (event.e === 'app-restarting') this.#ends.delete(event.app);
      else this.#take(event);
    }
  }

  areAll(): boolean {
    for (const event of this.#tail.read(undefined)) this.#take(event);
    return this.#apps.every((app) => this.#ends.has(app));
  }

  /** Throws what kept apps from starting. */
  requireStarted(): void {
    const errors = this.#apps.flatMap((app) => {
      const end = this.#ends.get(app);
      return typeof end !== 'object'
        ? []
        : [
            new PodError('pod/start-failed', `restart app "${app}" of pod ${this.#pod.uuid}: ${end.failed}`, {
              hint: `pod status ${this.#pod.uuid.slice(0, 8)} shows more`,
            }),
          ];
    });
    if (errors.length > 0) throw new PodErrors(errors);
  }

  [Symbol.dispose](): void {
    this.#tail[Symbol.dispose]();
  }

  #take(event: StreamEvent): void {
    const end = endOf(event);
    if (end !== undefined && 'app' in event && !this.#ends.has(event.app)) this.#ends.set(event.app, end);
  }
}

/** Undefined: it is not decided yet. */
function endOf(event: StreamEvent): End | undefined {
  switch (event.e) {
    case 'app-started':
      return 'started';
    case 'app-skipped':
      return 'skipped';
    case 'app-failed':
      return { failed: 'its command could not be executed' };
    case 'hook-failed':
      return event.hook === 'preStart' ? { failed: `its preStart hook ${hookProblem(event)}` } : undefined;
    default:
      return undefined;
  }
}
