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
  /** Of all that the pods are made from; absent: they are for one use only. */
  readonly key?: string | undefined;
}

/** Pods of a test, on a network of their own: they end with this process, or earlier. */
export class Environment implements AsyncDisposable {
  readonly name: string;
  readonly pods: Readonly<Record<string, TestPod>>;
  /** By their places: the keys of `pods` that are numbers come first there. */
  readonly #all: readonly TestPod[];
  readonly #starter: Starter;
  readonly #room: Room;
  readonly #id: string;
  #generation = 0;
  #hasFailed = false;
  /** It did not come up: the next run is not to be given it. */
  #isUseless = false;
  /** Nothing is left in it to be looked at. */
  #isOver = false;
  #isLeftUp = false;
  /** Aborted when it is disposed of: a reset that is at work then gives up. */
  readonly #end = new AbortController();
  #disposed: Promise<void> | undefined;
  /** One reset after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(starter: Starter, room: Room, id: string, pods: readonly TestPod[]) {
    this.name = starter.name;
    this.pods = Object.fromEntries(pods.map((pod) => [pod.name, pod]));
    this.#all = pods;
    this.#starter = starter;
    this.#room = room;
    this.#id = id;
  }

  /** For `environment`. Resolves when the apps have started; takes the room. */
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

  /** Of pods that run already, and whose names those of a reset may not get. */
  static of(starter: Starter, room: Room, running: readonly RunningPod[], id: string = newId()): Environment {
    const wait: ConstructorParameters<typeof TestPod>[3] = (pod, condition, settings) =>
      environment.wait({ [pod.name]: condition }, settings);
    const pods = starter.members.map((name, place) => new TestPod(name, starter.root, running[place]!, wait));
    const environment = new Environment(starter, room, id, pods);
    return environment;
  }

  /** Until the condition holds for every pod, or each pod's own for those that are named. */
  async wait(until: Until, settings: WaitSettings = {}): Promise<void> {
    using deadline = this.#deadlineOf('wait for', settings);
    await this.#waitUntil(until, deadline);
  }

  /** For `environment`: what does not come up is disposed of. */
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
   * Back to where the clone began: the same addresses, and nothing that was written since. Resolves when it is ready again. One
   * that is asked for while another is at work comes after it.
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
    // Who is told to end needs nothing of what it waits for.
    signal.addEventListener('abort', () => gate.open(), { once: true });
    const gone = cutAll(before);
    this.#generation++;
    const podName = nameOf(this.#starter, this.#id, this.#generation);
    const starting = startAll(this.#starter, this.#room, podName, signal, gate);
    const turns = this.#takeTurns(before, gone, gate, signal);
    // Pods that wait for what will not come are ended by whoever starts them.
    turns.catch((error: unknown) => failure.abort(error));
    starting.catch((error: unknown) => failure.abort(error));
    const started = await starting;
    await turns;
    this.#all.forEach((pod, place) => pod.replace(started[place]!));
    await Promise.all([this.#waitUntil(this.#starter.until, deadline), gone]);
  }

  /**
   * The pods that wait get the addresses when those before have ended, whose last words to whoever they were connected with are out
   * then: without an answer the kernel would keep their network for minutes.
   */
  async #takeTurns(before: readonly RunningPod[], gone: Promise<void>, gate: Gate, signal: AbortSignal): Promise<void> {
    const ended = Promise.race([gone, Promise.all(before.map(({ exit }) => exit))]);
    await Promise.all([ended, gate.arrived()]);
    // Given up meanwhile: the addresses are the next reset's to pass on.
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
    const message = `reset environment "${this.name}": setup is at work, and there is nothing to go back to`;
    throw new PodError('pod/state', message);
  }

  /** The test has failed: with `POD_TEST_KEEP=onfail` the environment is left up when it is disposed of. */
  markFailed(): void {
    this.#hasFailed = true;
  }

  /** For `environment`: setup is done, and what it left has been taken out of the pods. Whatever `POD_TEST_KEEP` says, they go. */
  markOver(): void {
    this.#isOver = true;
  }

  /** For `environment`: it was disposed of, and is there still. */
  get isLeftUp(): boolean {
    return this.#isLeftUp;
  }

  /** Ends the pods at once, and removes all that is left of them. */
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
      // While the monitor still has it: gc of another process takes at once what is nobody's.
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

/** Tells the pods of one clone from those of another. */
function newId(): string {
  return randomBytes(3).toString('hex');
}

/** Pods that are on their way out still have their names: those of a reset get others. */
function nameOf({ name, members }: Starter, id: string, generation: number): (place: number) => string {
  const suffix = generation === 0 ? '' : `-${generation}`;
  return (place) => {
    const full = `${name}-${id}-${members[place]}${suffix}`;
    return full.length <= MAX_NAME ? full : `${name}-${id}-${place}${suffix}`;
  };
}
