import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RunningPod } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { Deadline, unlessAborted } from '../library/deadline.ts';
import { resolveApps } from '../launch/resolve.ts';
import { run } from '../launch/run.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { type Frozen, frozenBy, type Pins, readPins, readPinsAt } from '../pins/pins.ts';
import { defaultRoot, imagesDir } from '../pod/layout.ts';
import { readRecord } from '../pod/record.ts';
import { PodStore } from '../pod/store.ts';
import { waitForPod } from '../pod/wait.ts';
import { newCloneSpec, type PodSnapshot, readSnapshot } from './clone-spec.ts';
import { ready } from './conditions.ts';
import { Environment, type Starter } from './environment.ts';
import { findFiles } from './find-files.ts';
import { requireOptions } from '../library/check-options.ts';
import { CLONE_SETTINGS, STACK_OPTIONS } from './check-options.ts';
import type { CloneSettings, EnvironmentOptions } from './options.ts';
import { DEFAULT_TIMEOUT_MS, type Until } from './condition.ts';
import { requireSetUp } from './judge-setup.ts';
import { type Member, readMembers } from './read-manifests.ts';
import { mayReuse, takeLeft } from './reuse.ts';
import { type Room, takeRoom } from './room.ts';
import type { Launch } from './start-all.ts';
import { requireOutsideSetup, whileSettingUp } from './setting-up.ts';
import { SharedWork } from './shared-work.ts';
import {
  ENVIRONMENT_LABEL,
  ensureSnapshot,
  finishLayers,
  SNAPSHOT_LABEL,
  snapshotKey,
  snapshotsHome,
} from './snapshot.ts';

/** The description of an environment; every `clone` makes a separate copy. */
export class Stack {
  readonly name: string;
  readonly #options: EnvironmentOptions;
  readonly #root: string;
  readonly #baseDir: string;
  readonly #members: readonly Member[];
  #prepared: SharedWork<Prepared> | undefined;

  constructor(name: string, options: EnvironmentOptions) {
    if (!/^[a-z0-9]([a-z0-9-]{0,22}[a-z0-9])?$/.test(name)) {
      const hint = 'lower-case letters, digits and "-", at most 24';
      throw new PodError('test/options', `make an environment named "${name}": not a name`, { hint });
    }
    requireOptions(`make environment "${name}"`, options, STACK_OPTIONS);
    this.name = name;
    this.#options = options;
    if (process.geteuid?.() !== 0) {
      const hint = 'run the tests as root: each environment has a network of its own';
      throw new PodError('host/privilege', `make environment "${name}": this is not root`, { hint });
    }
    this.#root = resolve(options.root ?? defaultRoot());
    this.#baseDir = resolve(options.baseDir ?? '.');
    this.#members = readMembers(options, this.#baseDir);
  }

  /** Runs `setup` if that has not been done yet. `clone` does this too. */
  async prepare(): Promise<void> {
    await this.#prepare().wait();
  }

  /** Starts a new copy of the pods, as `setup` left them. Resolves when they are ready. */
  async clone(settings: CloneSettings = {}): Promise<Environment> {
    requireOptions(`clone environment "${this.name}"`, settings, CLONE_SETTINGS);
    const { until = this.#until, timeoutMs = this.#timeoutMs, signal } = settings;
    signal?.throwIfAborted();
    const starter = this.#starter(await this.#prepare().wait(signal));
    using deadline = new Deadline({ timeoutMs, signal });
    const environment =
      (await this.#takeLeft(starter)) ?? (await Environment.start(starter, this.#takeRoom(), deadline));
    if (until !== false) await environment.comeUp(until, deadline);
    return environment;
  }

  get #until(): Until {
    return this.#options.until ?? ready();
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  /** Runs once; again only after a failure. */
  #prepare(): SharedWork<Prepared> {
    requireOutsideSetup(snapshotsHome(this.#root, this.name), this.name);
    if (this.#prepared && !this.#prepared.isGivenUp) return this.#prepared;
    const prepared = new SharedWork((signal) =>
      this.#prepareOnce(signal).catch((error: unknown) => {
        if (this.#prepared === prepared) this.#prepared = undefined;
        throw error;
      }),
    );
    return (this.#prepared = prepared);
  }

  async #prepareOnce(signal: AbortSignal): Promise<Prepared> {
    const { setup, onProgress } = this.#options;
    const progress = onProgress ? { onProgress } : {};
    const storeDir = imagesDir(this.#root);
    const resolved = await Promise.all(
      this.#members.map(({ spec, baseDir }) =>
        resolveApps(spec, { storeDir, baseDir, ...this.#keptTo(baseDir), ...progress }),
      ),
    );
    const mountCounts = resolved.map((apps) => new Map(apps.map((app) => [app.spec.name, app.image.mounts.length])));
    const key = snapshotKey({
      manifests: this.#members.map(({ spec }) => spec.manifest.text),
      images: resolved.flatMap((apps) => apps.map(({ image }) => image.digest)),
      isHermetic: this.#isHermetic,
      setup: String(setup),
      inputs: [this.#options.inputs ?? []].flat().flatMap((pattern) => findFiles(pattern, this.#baseDir)),
    });
    if (!setup) return { key };
    const path = await ensureSnapshot(
      this.#root,
      this.name,
      key,
      (staging, keep) => this.#setUp(setup, staging, keep, signal),
      signal,
    );
    const pods = this.#members.map(({ spec }, place) =>
      readSnapshot(spec, `${path}/${spec.name}`, mountCounts[place]!),
    );
    return { key, snapshot: { key, pods } };
  }

  /** `keep`: called when a failed environment is left up, whose files are in `staging`. */
  async #setUp(setup: Setup, staging: string, keep: () => void, signal: AbortSignal): Promise<void> {
    using deadline = new Deadline({ timeoutMs: this.#timeoutMs, signal });
    const environment = await Environment.start(this.#starter({ staging }), this.#takeRoom(), deadline);
    try {
      await using disposed = environment;
      await disposed.comeUp(this.#until, deadline);
      await this.#runSetup(disposed, setup, signal);
      await this.#takeFiles(disposed, staging);
      disposed.markOver();
    } catch (error) {
      if (environment.isLeftUp) keep();
      throw error;
    }
  }

  /** A setup that nobody waits for any more is left behind: its commands end with the pods. */
  async #runSetup(environment: Environment, setup: Setup, signal: AbortSignal): Promise<void> {
    const running = whileSettingUp(snapshotsHome(this.#root, this.name), () => setup(environment));
    requireSetUp(environment, await unlessAborted(running, signal));
  }

  async #takeFiles(environment: Environment, staging: string): Promise<void> {
    const store = new PodStore(this.#root);
    await Promise.all(
      this.#members.map(async ({ spec: { name } }) => {
        const { running } = environment.pods[name]!;
        const uidBase = readRecord(store.locate(running.uuid)?.path ?? running.path)?.uidBase ?? null;
        await running.stop();
        await waitForPod(store, running.uuid, 'exit');
        await running.lifeline?.cut();
        finishLayers(`${staging}/${name}`, uidBase);
      }),
    );
  }

  #takeRoom(): Room {
    return takeRoom(this.#root, this.#isHermetic ? 'closed' : 'open');
  }

  /** The lock that pins the images of manifests in that folder. */
  #keptTo(baseDir: string): { readonly pins: Pins | undefined; readonly frozen: Frozen | undefined } {
    const { lock } = this.#options;
    const frozen = frozenBy(lock !== undefined);
    const pins = lock === undefined ? readPins(baseDir) : readPinsAt(resolve(this.#baseDir, lock), frozen);
    return { pins, frozen };
  }

  /** Reuses the environment in the state in which the last run left it. Call `reset` to get the original state. */
  async #takeLeft(starter: Starter): Promise<Environment | undefined> {
    if (starter.key === undefined || !mayReuse()) return undefined;
    const left = await takeLeft(this.#root, this.name, starter.key);
    return left && Environment.of(starter, left.room, left.running);
  }

  get #isHermetic(): boolean {
    return this.#options.egress !== 'allow';
  }

  #starter(prepared: Prepared & { readonly staging?: string }): Starter {
    if (prepared.staging !== undefined)
      for (const { spec } of this.#members) mkdirSync(`${prepared.staging}/${spec.name}`, { mode: 0o755 });
    return {
      name: this.name,
      members: this.#members.map(({ spec }) => spec.name),
      root: this.#root,
      key: prepared.key,
      until: this.#until,
      timeoutMs: this.#timeoutMs,
      start: (place, podName, room, launch) => this.#start(prepared, place, podName, room, launch),
    };
  }

  async #start(
    { snapshot, staging }: Prepared & { readonly staging?: string },
    place: number,
    podName: string,
    room: Room,
    { gate, ...launch }: Launch,
  ): Promise<RunningPod> {
    const { spec, baseDir } = this.#members[place]!;
    const uuid = randomUUID();
    const isOnBridge = spec.network.mode === 'bridge';
    using held = isOnBridge ? gate?.enter(uuid) : undefined;
    if (!isOnBridge) await gate?.opened;
    const clone = newCloneSpec(spec, {
      environment: this.name,
      podName,
      isHermetic: this.#isHermetic,
      isHeld: held !== undefined,
      storage: staging && `${staging}/${spec.name}`,
      snapshot: snapshot?.pods[place],
      labels: { [ENVIRONMENT_LABEL]: this.name, ...(snapshot ? { [SNAPSHOT_LABEL]: snapshot.key } : {}) },
    });
    return await run(clone, {
      root: this.#root,
      uuid,
      gate: held,
      baseDir,
      ...this.#keptTo(baseDir),
      stdin: false,
      autoRemove: true,
      place: {
        room: room.number,
        place,
        kind: this.#isHermetic ? 'closed' : 'open',
        hosts: this.#hostsFor(place, room),
      },
      ...launch,
    });
  }

  /** Lines of /etc/hosts with the names and host names of the environment's pods. */
  #hostsFor(own: number, room: Room): string {
    return this.#members
      .map(({ spec }, place) => ({ spec, place }))
      .filter(({ spec }) => spec.network.mode === 'bridge')
      .flatMap(({ spec, place }) =>
        namesOf(spec, place === own).length > 0
          ? [`${room.addressOf(place)} ${namesOf(spec, place === own).join(' ')}\n`]
          : [],
      )
      .join('');
  }
}

type Setup = NonNullable<EnvironmentOptions['setup']>;

interface Prepared {
  /** Absent while setup runs. */
  readonly key?: string;
  readonly snapshot?: { readonly key: string; readonly pods: readonly PodSnapshot[] };
}

/** A pod's /etc/hosts has its own host name anyway. */
function namesOf({ name, hostname }: PodSpec, isOwn: boolean): string[] {
  const names = new Set([name, hostname]);
  if (isOwn) names.delete(hostname);
  return [...names];
}
