import { randomBytes } from 'node:crypto';
import { PodError } from '../error.ts';
import type { RunningPod } from '../cli/launch-api.ts';
import { Deadline } from '../library/deadline.ts';
import { keepAfterExit } from '../pod/record.ts';
import { wherever } from '../pod/wherever.ts';
import { requireOptions, WAIT_SETTINGS } from '../library/check-options.ts';
import { Gate } from './gate.ts';
import type { Until, WaitSettings } from './condition.ts';
import { commandsFor } from './report.ts';
import { forgetNote, mayReuse, noteForReuse } from './reuse.ts';
import type { Room } from './room.ts';
import { cutAll, type Start, startAll } from './start-all.ts';
import { TestPod } from './test-pod.ts';
import { waitUntil } from './wait.ts';

/** How an environment starts its pods, and what it waits for. */
export interface Starter extends Start {
  readonly name: string;
  readonly until: Until;
  readonly timeoutMs: number;
  /** Key of everything that the pods are made from; absent: the pods are for a single use. */
  readonly key?: string | undefined;
}

/** Pods of a test, on a network of their own. They end with this process at the latest. */
export class Environment implements AsyncDisposable {
  readonly name: string;
  readonly pods: Readonly<Record<string, TestPod>>;
  /** In the order of their places. `pods` has another order: JavaScript puts integer keys first. */
  readonly #all: readonly TestPod[];
  readonly #starter: Starter;
  readonly #room: Room;
  readonly #id: string;
  #generation = 0;
  #hasFailed = false;
  /** The environment did not come up, so the next run must not reuse it. */
  #isUseless = false;
  /** Nothing in the environment needs inspection any more. */
  #isOver = false;
  #isLeftUp = false;
  /** Aborted on dispose, so that a reset in progress gives up. */
  readonly #end = new AbortController();
  #disposed: Promise<void> | undefined;
  /** Resets run one after another. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(starter: Starter, room: Room, id: string, pods: readonly TestPod[]) {
    this.name = starter.name;
    this.pods = Object.fromEntries(pods.map((pod) => [pod.name, pod]));
    this.#all = pods;
    this.#starter = starter;
    this.#room = room;
    this.#id = id;
  }

  /** For `environment`. Takes over the room. Resolves when the apps have started. */
  static async start(starter: Starter, room: Room, deadline: Deadline): Promise<Environment> {
    const id = newId();
    try {
      const running = await startAll(starter, room, nameOf(starter, id, 0), deadline.signal);
      return Environment.of(starter, room, running, id);
    } catch (error) {
      room[Symbol.dispose]();
      throw error;
    }
  }

  /** Wraps pods that already run. A reset must not give new pods the names of these. */
  static of(starter: Starter, room: Room, running: readonly RunningPod[], id: string = newId()): Environment {
    const wait: ConstructorParameters<typeof TestPod>[3] = (pod, condition, settings) =>
      environment.wait({ [pod.name]: condition }, settings);
    const pods = starter.members.map((name, place) => new TestPod(name, starter.root, running[place]!, wait));
    const environment = new Environment(starter, room, id, pods);
    return environment;
  }

  /** Waits until the condition holds for every pod, or, with a record, until each named pod meets its own condition. */
  async wait(until: Until, settings: WaitSettings = {}): Promise<void> {
    using deadline = this.#deadlineOf('wait for', settings);
    await this.#waitUntil(until, deadline);
  }

  /** For `environment`. Waits for the condition; disposes of an environment that does not come up. */
  async comeUp(until: Until, deadline: Deadline): Promise<void> {
    try {
      await this.#waitUntil(until, deadline);
    } catch (error) {
      this.#isUseless = true;
      await this.dispose();
      throw error;
    }
  }

  async #waitUntil(until: Until, deadline: Deadline): Promise<void> {
    try {
      await waitUntil({ pods: this.pods, until, deadline, stayUp: isToBeKept(true) });
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  #deadlineOf(verb: string, settings: WaitSettings): Deadline {
    requireOptions(`${verb} environment "${this.name}"`, settings, WAIT_SETTINGS);
    const { timeoutMs = this.#starter.timeoutMs, signal } = settings;
    return new Deadline({ timeoutMs, signal: AbortSignal.any([this.#end.signal, ...(signal ? [signal] : [])]) });
  }

  /**
   * Returns the pods to the state where the clone began: same addresses, and none of the data written since. Resolves when the
   * environment is ready again. Concurrent resets run one after another.
   */
  async reset(settings: WaitSettings = {}): Promise<void> {
    this.#requireResettable();
    const turn = this.#turn.then(() => this.#reset(settings));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #reset(settings: WaitSettings): Promise<void> {
    this.#requireResettable();
    using deadline = this.#deadlineOf('reset', settings);
    const before = this.#all.map(({ running }) => running);
    using gate = new Gate();
    const failure = new AbortController();
    const signal = AbortSignal.any([deadline.signal, failure.signal]);
    // On abort, release the pods at the gate, so that they can end.
    signal.addEventListener('abort', () => gate.open(), { once: true });
    const gone = cutAll(before);
    this.#generation++;
    const podName = nameOf(this.#starter, this.#id, this.#generation);
    const starting = startAll(this.#starter, this.#room, podName, signal, gate);
    const turns = this.#takeTurns(before, gone, gate, signal);
    // If the handover fails, abort the start, or its pods would wait at the gate forever.
    turns.catch((error: unknown) => failure.abort(error));
    starting.catch((error: unknown) => failure.abort(error));
    const started = await starting;
    await turns;
    this.#all.forEach((pod, place) => pod.replace(started[place]!));
    await Promise.all([this.#waitUntil(this.#starter.until, deadline), gone]);
  }

  /**
   * Gives the addresses to the waiting pods once the old pods have ended. By then the kernel has sent the old pods' last packets to
   * their peers; without an answer to them, it would keep the old network for minutes.
   */
  async #takeTurns(before: readonly RunningPod[], gone: Promise<void>, gate: Gate, signal: AbortSignal): Promise<void> {
    const ended = Promise.race([gone, Promise.all(before.map(({ exit }) => exit))]);
    await Promise.all([ended, gate.arrived()]);
    // Aborted meanwhile: the next reset passes the addresses on.
    if (signal.aborted) return;
    this.#room.passOn(
      before.map(({ uuid }) => uuid),
      gate.uuids,
    );
    gate.open();
  }

  #requireResettable(): void {
    this.#end.signal.throwIfAborted();
    if (this.#starter.key !== undefined) return;
    const message = `reset environment "${this.name}": its setup is still running, so there is no state to go back to`;
    throw new PodError('pod/state', message);
  }

  /** Marks the test as failed: with `POD_TEST_KEEP=onfail` the environment is left up when it is disposed of. */
  markFailed(): void {
    this.#hasFailed = true;
  }

  /**
   * For `environment`. Setup is done and its files have been taken out of the pods, so the pods are removed regardless of
   * `POD_TEST_KEEP`.
   */
  markOver(): void {
    this.#isOver = true;
  }

  /** For `environment`. True when the environment was disposed of but left up. */
  get isLeftUp(): boolean {
    return this.#isLeftUp;
  }

  /** Ends the pods at once and removes everything that belongs to them. */
  dispose(): Promise<void> {
    return (this.#disposed ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    this.#end.abort(new PodError('pod/state', `use environment "${this.name}": it was disposed of`));
    await this.#turn;
    const key = this.#isUseless || !mayReuse() ? undefined : this.#starter.key;
    if (!this.#isOver && isToBeKept(this.#hasFailed)) this.#leaveUp();
    else if (key !== undefined) this.#leaveForReuse(key);
    else await cutAll(this.#all.map(({ running }) => running));
    if (key === undefined) forgetNote(this.#starter.root, this.#room);
    this.#room[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #leaveUp(): void {
    this.#isLeftUp = true;
    for (const { running, store, uuid } of this.#all) {
      // Do this while the monitor still owns the pod: gc in another process removes an unowned pod at once.
      wherever(store, uuid, (path) => path !== undefined && keepAfterExit(path));
      running.lifeline?.letGo();
    }
    const lines = this.#all.flatMap((pod) => commandsFor(pod).map((command) => `  ${command}`));
    process.stderr.write(`environment "${this.name}" is left up:\n${lines.join('\n')}\n`);
  }

  #leaveForReuse(key: string): void {
    const running = this.#all.map((pod) => pod.running);
    for (const { lifeline } of running) lifeline?.letGo();
    const uuids = running.map(({ uuid }) => uuid);
    noteForReuse(this.#starter.root, this.#room, { environment: this.name, key, uuids });
  }
}

function isToBeKept(hasFailed: boolean): boolean {
  const keep = process.env['POD_TEST_KEEP'];
  return keep === 'always' || (keep === 'onfail' && hasFailed);
}

const MAX_NAME = 63;

/** Distinguishes the pods of one clone from those of another. */
function newId(): string {
  return randomBytes(3).toString('hex');
}

/** Pods that are ending still hold their names, so the pods of a reset get new ones. */
function nameOf({ name, members }: Starter, id: string, generation: number): (place: number) => string {
  const suffix = generation === 0 ? '' : `-${generation}`;
  return (place) => {
    const full = `${name}-${id}-${members[place]}${suffix}`;
    return full.length <= MAX_NAME ? full : `${name}-${id}-${place}${suffix}`;
  };
}
