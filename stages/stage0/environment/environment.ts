import { randomBytes } from 'node:crypto';
import { PodError } from '../error.ts';
import type { RunningPod } from '../cli/launch-api.ts';
import type { Until, WaitSettings } from './condition.ts';
import { commandsFor } from './report.ts';
import { mayReuse, noteForReuse } from './reuse.ts';
import { silence, type Room } from './room.ts';
import { TestPod } from './test-pod.ts';
import { waitUntil } from './wait.ts';

/** How an environment starts its pods. */
export interface Starter {
  /** Of the environment, and of its pods, in the order of their places. */
  readonly name: string;
  readonly members: readonly string[];
  readonly root: string;
  readonly until: Until;
  readonly timeoutMs: number;
  /** Of all that the pods are made from; absent: they are for one use only. */
  readonly key?: string | undefined;
  readonly start: (member: number, podName: string, room: Room, signal: AbortSignal | undefined) => Promise<RunningPod>;
}

/** Pods of a test, on a network of their own: they end with this process, or earlier. */
export class Environment implements AsyncDisposable {
  readonly name: string;
  readonly pods: Readonly<Record<string, TestPod>>;
  readonly #starter: Starter;
  readonly #room: Room;
  readonly #id: string;
  #generation = 0;
  #hasFailed = false;
  #isOpen = true;

  private constructor(starter: Starter, room: Room, id: string, pods: Readonly<Record<string, TestPod>>) {
    this.name = starter.name;
    this.pods = pods;
    this.#starter = starter;
    this.#room = room;
    this.#id = id;
  }

  /** For `environment`. Resolves when the apps have started; takes the room. */
  static async start(starter: Starter, room: Room, signal?: AbortSignal): Promise<Environment> {
    const id = randomBytes(3).toString('hex');
    try {
      const running = await startAll(starter, room, nameOf(starter, id, 0), signal);
      return Environment.of(starter, room, id, running);
    } catch (error) {
      room[Symbol.dispose]();
      throw error;
    }
  }

  /** Of pods that run already. */
  static of(starter: Starter, room: Room, id: string, running: readonly RunningPod[]): Environment {
    const pods = starter.members.map((name, place) => {
      const pod = new TestPod(name, starter.root, running[place]!, (pod, condition, settings) =>
        environment.wait({ [pod.name]: condition }, settings),
      );
      return [name, pod] as const;
    });
    const environment = new Environment(starter, room, id, Object.fromEntries(pods));
    return environment;
  }

  /** Until the condition holds for every pod, or each pod's own for those that are named. */
  async wait(until: Until, settings: WaitSettings = {}): Promise<void> {
    const { pods } = this;
    try {
      await waitUntil({ pods, until, timeoutMs: this.#starter.timeoutMs, ...settings });
    } catch (error) {
      this.#hasFailed = true;
      throw error;
    }
  }

  /** Back to where the clone began: the same addresses, and nothing that was written since. Resolves when it is ready again. */
  async reset(settings: WaitSettings = {}): Promise<void> {
    if (!this.#isOpen) throw new PodError('pod/state', `reset environment "${this.name}": it was disposed of`);
    if (this.#starter.key === undefined)
      throw new PodError(
        'pod/state',
        `reset environment "${this.name}": setup is at work, and there is nothing to go back to`,
      );
    const before = this.#all().map(({ running }) => running);
    const gone = cutAll(before);
    // Their last words to whoever they were connected with are out: without an answer the kernel would keep the network for minutes.
    await Promise.race([gone, Promise.all(before.map(({ exit }) => exit))]);
    silence(before.map(({ uuid }) => uuid));
    this.#generation++;
    const started = await startAll(
      this.#starter,
      this.#room,
      nameOf(this.#starter, this.#id, this.#generation),
      settings.signal,
    );
    this.#all().forEach((pod, place) => pod.replace(started[place]!));
    await Promise.all([this.wait(this.#starter.until, settings), gone]);
  }

  /** The test has failed: with `POD_TEST_KEEP=onfail` the environment is left up when it is disposed of. */
  markFailed(): void {
    this.#hasFailed = true;
  }

  /** Ends the pods at once, and removes all that is left of them. */
  async dispose(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (isToBeKept(this.#hasFailed)) this.#leaveUp();
    else if (this.#starter.key !== undefined && mayReuse()) this.#leaveForReuse(this.#starter.key);
    else await cutAll(this.#all().map(({ running }) => running));
    this.#room[Symbol.dispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #leaveUp(): void {
    for (const { running } of this.#all()) running.lifeline?.letGo();
    const lines = this.#all().flatMap((pod) => commandsFor(pod).map((command) => `  ${command}`));
    process.stderr.write(`environment "${this.name}" is left up:\n${lines.join('\n')}\n`);
  }

  #leaveForReuse(key: string): void {
    const running = this.#all().map((pod) => pod.running);
    for (const { lifeline } of running) lifeline?.letGo();
    const uuids = running.map(({ uuid }) => uuid);
    noteForReuse(this.#starter.root, this.#room, { environment: this.name, key, id: this.#id, uuids });
  }

  #all(): TestPod[] {
    return Object.values(this.pods);
  }
}

function isToBeKept(hasFailed: boolean): boolean {
  const keep = process.env['POD_TEST_KEEP'];
  return keep === 'always' || (keep === 'onfail' && hasFailed);
}

const MAX_NAME = 63;

/** Pods that are on their way out still have their names: those of a reset get others. */
function nameOf({ name, members }: Starter, id: string, generation: number): (place: number) => string {
  const suffix = generation === 0 ? '' : `-${generation}`;
  return (place) => {
    const full = `${name}-${id}-${members[place]}${suffix}`;
    return full.length <= MAX_NAME ? full : `${name}-${id}-${place}${suffix}`;
  };
}

async function cutAll(pods: readonly RunningPod[]): Promise<void> {
  await Promise.all(pods.flatMap(({ lifeline }) => (lifeline ? [lifeline.cut()] : [])));
}

/** All or none. */
async function startAll(
  { members, start }: Starter,
  room: Room,
  podName: (place: number) => string,
  signal: AbortSignal | undefined,
): Promise<RunningPod[]> {
  const settled = await Promise.allSettled(members.map((_, place) => start(place, podName(place), room, signal)));
  const started = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failed = settled.find((result) => result.status === 'rejected');
  if (!failed) return started;
  await cutAll(started);
  throw failed.reason;
}
