import type { RunningPod } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { findInit } from '../launch/find-init.ts';
import type { LogEntry } from '../library/logs.ts';
import { type ExecResult, type ExecSettings, Pod } from '../library/pod.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';
import type { PodStatus } from '../pod/status.ts';
import { PodStore } from '../pod/store.ts';
import type { Condition, WaitedPod, WaitSettings } from './condition.ts';
import { PodFiles } from './pod-files.ts';

/** A pod of an environment. It stays the same object when the environment is reset. */
export class TestPod implements WaitedPod {
  /** The name in the manifest, by which the other pods know the pod. */
  readonly name: string;
  readonly store: PodStore;
  /** Files of its running apps. */
  readonly files: PodFiles;
  readonly #wait: (condition: Condition, settings: WaitSettings) => Promise<void>;
  #running: RunningPod;
  #pod: Pod;
  #initPid: number | undefined;

  constructor(
    name: string,
    root: string,
    running: RunningPod,
    wait: (pod: TestPod, condition: Condition, settings: WaitSettings) => Promise<void>,
  ) {
    this.name = name;
    this.store = new PodStore(root);
    this.files = new PodFiles(this.store, () => this.uuid);
    this.#wait = (condition, settings) => wait(this, condition, settings);
    this.#running = running;
    this.#pod = new Pod(running, root);
  }

  get uuid(): string {
    return this.#running.uuid;
  }

  /** The name that `pod ps` shows. */
  get podName(): string {
    return this.#running.name;
  }

  get apps(): readonly string[] {
    return this.#running.apps;
  }

  /** The pod's IPv4 address, reachable from the host. Throws for a pod without a network. */
  get ip(): string {
    const [ip] = this.#running.ips;
    if (ip === undefined)
      throw new PodError('pod/state', `find the address of pod "${this.name}": its manifest says network: none`);
    return ip;
  }

  /** Runs a command in an app, under the app's isolators, and collects its output. Throws when the command cannot be executed. */
  async exec(argv: readonly string[], settings: ExecSettings = {}): Promise<ExecResult> {
    return this.#pod.exec(argv, settings);
  }

  /** What the apps have written so far, merged by time. */
  logs(app?: string): LogEntry[] {
    return this.status() === undefined ? [] : this.#pod.logs(app);
  }

  /** The status as `pod status -o json` shows it; undefined when the environment has been disposed of. */
  status(): PodStatus | undefined {
    return this.#pod.status();
  }

  /**
   * Waits until the condition holds. Throws, with a description of the pod, when it can no longer hold or the time limit has
   * passed.
   */
  wait(condition: Condition, settings: WaitSettings = {}): Promise<void> {
    return this.#wait(condition, settings);
  }

  /** The pid of the pod's PID 1 on the host. Throws when the pod has ended. */
  initPid(): number {
    this.#initPid ??= findInit(this.uuid, cgroupMountPoints());
    if (this.#initPid === undefined) throw new PodError('pod/died', `find PID 1 of pod "${this.name}": it has ended`);
    return this.#initPid;
  }

  /** For the environment: replaces the pod after a reset. */
  replace(running: RunningPod): void {
    this.#running = running;
    this.#pod = new Pod(running, this.store.root);
    this.#initPid = undefined;
  }

  /** For the environment. */
  get running(): RunningPod {
    return this.#running;
  }
}
