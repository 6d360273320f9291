import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { CANNOT_START, appStatuses, type AppStatus } from './app-status.ts';
import { readInitPid } from './process-tree.ts';
import { type FinalStatus, type PodEvent, parseFinal, readEvents, toTime } from './events.ts';
import { Liveness } from './alive.ts';
import { parseUntold } from './dropped.ts';
import { type AppRecord, type PodRecord, readRecord } from './record.ts';
import { readIfThere } from './files.ts';
import { POD_FILES, POD_STATES } from './layout.ts';
import { isPaused } from './paused.ts';
import type { PodDir, PodStore } from './store.ts';
import { readBootId } from './uuid.ts';

/** See `docs/cli.md`. Null means "not yet" or "unknown". */
export interface PodStatus {
  readonly uuid: string;
  readonly name: string | null;
  readonly state: 'preparing' | 'prepared' | 'running' | 'paused' | 'exited' | 'garbage';
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly exitCode: number | null;
  /** How the pod ended, if not by its apps: its supervisors ended. */
  readonly death: 'init-killed' | 'supervisors-killed' | 'host-restarted' | null;
  readonly manifest: { readonly path: string; readonly digest: string } | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: { readonly mode: string; readonly ips: readonly string[] };
  readonly apps: readonly AppStatus[];
}

/** Shared by the reads of many pods, so that each file of the host is read once. */
export class StatusReader {
  readonly #liveness = new Liveness();
  readonly #withPids: boolean;

  /** Without pids, which are then null, reading a status costs half as much. */
  constructor(withPids = true) {
    this.#withPids = withPids;
  }

  read(pod: PodDir): PodStatus {
    const record = readRecord(pod.path);
    const events = readEvents(pod.path);
    const finalText = readIfThere(`${pod.path}/${POD_FILES.final}`);
    const final = parseFinal(finalText);
    const untold = parseUntold(finalText);
    const mayLive = (pod.state === 'prepare' || pod.state === 'run') && final === undefined && isThisBoot(record);
    const life = stateOf(pod, mayLive && this.#liveness.isAlive(pod), final);
    const mountPoints = life === 'running' && this.#withPids ? this.#liveness.mountPoints : [];
    const initPid = life === 'running' && this.#withPids ? readInitPid(pod.path) : undefined;
    const from = { uuid: pod.uuid, record, events, final, state: life };
    const apps = appStatuses({ ...from, mountPoints, initPid, untold });
    const state = life === 'running' && isPaused(pod) ? 'paused' : life;
    return toStatus({ pod, record, events, final, state, apps });
  }
}

/** The pod's status, even if the pod moves meanwhile; undefined when the pod was removed. */
export function readStatus(
  store: PodStore,
  uuid: string,
  reader: StatusReader = new StatusReader(),
): PodStatus | undefined {
  for (;;) {
    const pod = store.locate(uuid);
    if (!pod) return undefined;
    const status = reader.read(pod);
    if (isStillThere(pod)) return status;
  }
}

/** The status of a pod that was located a moment ago. */
export function statusOf(store: PodStore, pod: PodDir, reader: StatusReader): PodStatus | undefined {
  const status = reader.read(pod);
  return isStillThere(pod) ? status : readStatus(store, pod.uuid, reader);
}

/** A move between two reads would mix two states of the pod, so the path is checked afterwards. Pods never move back. */
export function isStillThere({ path }: PodDir): boolean {
  return existsSync(path);
}

function stateOf(pod: PodDir, alive: boolean, final: FinalStatus | undefined): PodStatus['state'] {
  if (pod.state === 'prepared' || pod.state === 'exited' || pod.state === 'garbage') return pod.state;
  // A killed launch leaves nothing that could still start.
  if (pod.state === 'prepare') return alive ? 'preparing' : 'garbage';
  // A pod in `run` with a free lock died without a final record, or with its host.
  return alive && final === undefined ? 'running' : 'exited';
}

function isThisBoot(record: PodRecord | undefined): boolean {
  return record === undefined || record.bootId === readBootId();
}

interface Sources {
  readonly pod: PodDir;
  readonly record: PodRecord | undefined;
  readonly events: readonly PodEvent[];
  readonly final: FinalStatus | undefined;
  readonly state: PodStatus['state'];
  readonly apps: readonly AppStatus[];
}

function toStatus({ pod, record, events, final, state, apps }: Sources): PodStatus {
  const started = events.find((event) => event.e === 'pod-started');
  return {
    uuid: pod.uuid,
    name: record?.name ?? null,
    state,
    createdAt: record?.createdAt ?? null,
    startedAt: started ? toTime(started.t) : null,
    finishedAt: final ? toTime(final.t) : null,
    exitCode: state === 'exited' ? podExitCode(apps, record, final) : null,
    death: state === 'exited' ? deathOf(record, final) : null,
    manifest: record ? manifestOf(pod.path, record.manifest.path) : null,
    labels: record?.labels ?? {},
    network: record?.network ?? { mode: 'none', ips: [] },
    apps,
  };
}

/** Init writes the final record before it ends. No record, or a signal in it, means that init did not end normally. */
function deathOf(record: PodRecord | undefined, final: FinalStatus | undefined): PodStatus['death'] {
  if (final) return final.signal === 0 ? null : 'init-killed';
  return isThisBoot(record) ? 'supervisors-killed' : 'host-restarted';
}

/** The digest is computed on demand: loading node:crypto costs more than everything else here. */
function manifestOf(podPath: string, path: string): PodStatus['manifest'] {
  return {
    path,
    get digest(): string {
      const text = manifestText(podPath) ?? '';
      return `sha256:${process.getBuiltinModule('node:crypto').createHash('sha256').update(text).digest('hex')}`;
    },
  };
}

/** The pod may have moved since its status was read. */
function manifestText(path: string): string | undefined {
  const [uuid, pods] = [basename(path), dirname(dirname(path))];
  for (const place of [path, ...POD_STATES.map((state) => `${pods}/${state}/${uuid}`)]) {
    const text = readIfThere(`${place}/${POD_FILES.manifest}`);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** False for an app that is restarted and ended only because the pod did. */
function mayEnd({ exitCode, reason }: AppStatus, restart: AppRecord['restart'] = 'never'): boolean {
  return restart === 'never' || reason === 'gave-up' || (restart === 'on-failure' && exitCode === 0);
}

/**
 * The first nonzero exit code, in manifest order, among the apps that may end; 125 if there is none and an app was never started
 * because another one failed. Null when the pod's end was not recorded. Of a running pod: what is known so far.
 */
export function podExitCode(
  apps: readonly AppStatus[],
  record: PodRecord | undefined,
  final: FinalStatus | undefined,
): number | null {
  const codes = apps.filter((app, index) => mayEnd(app, record?.apps[index]?.restart)).map((app) => app.exitCode);
  const failed = codes.find((code) => code !== null && code !== 0);
  if (failed !== undefined) return failed;
  if (apps.some(({ reason }) => reason === 'dependency-failed')) return CANNOT_START;
  if (final) return final.signal === 0 ? final.code : 128 + final.signal;
  return codes.length > 0 && codes.every((code) => code === 0) ? 0 : null;
}
