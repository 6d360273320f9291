import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { PodError, PodErrors } from '../error.ts';
import type { LoweredPod } from '../isolators/lower-pod.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { IsolatorSpec, PodSpec } from '../manifest/spec.ts';
import type { HostFacts } from '../plan/facts.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import { appendEvent, type PodChange } from '../pod/events.ts';
import { readIfThere, replaceManifest } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { lockDir } from '../pod/lock.ts';
import { readRecord } from '../pod/record.ts';
import { StatusReader } from '../pod/status.ts';
import type { PodDir } from '../pod/pod-dir.ts';
import { stuckError } from './attribute.ts';
import { type Judged, judgeChange } from './judge-change.ts';
import type { Setting, Settings } from './parse-set.ts';
import { planChanges } from './plan-changes.ts';
import { writeChanges } from './write-changes.ts';

/**
 * Gives a pod that runs other values of its isolators, all or none: they are judged together before anything is written, and when
 * the kernel refuses one, the others are put back. Then the pod's manifest has them, and its journal says so. `slips` are errors
 * that the caller has found already: they are thrown with everything that is found here.
 */
export function updatePod(pod: PodDir, settings: Settings, slips: readonly PodError[] = []): readonly PodChange[] {
  // Two updates at once would each put back the other's.
  const lock = takeLock(pod);
  try {
    requireRunning(pod);
    return update(pod, settings, slips);
  } finally {
    closeSync(lock);
  }
}

function takeLock(pod: PodDir): number {
  try {
    return lockDir(`${pod.path}/${POD_FILES.logs}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') requireRunning(pod);
    throw error;
  }
}

function requireRunning(pod: PodDir): void {
  const { state } = new StatusReader(false).read(pod);
  if (state === 'running' || state === 'paused') return;
  throw new PodError('pod/state', `update pod ${pod.uuid}: it is ${state}`, {
    hint: 'only a running pod can be updated',
  });
}

function update(pod: PodDir, values: Settings, slips: readonly PodError[]): readonly PodChange[] {
  const baseDir = dirname(readRecord(pod.path)?.manifest.path ?? '/');
  const read = (text: string): ReturnType<typeof parseManifest> => parseManifest(text, 'manifest.yaml', { baseDir });
  const oldText = readIfThere(`${pod.path}/${POD_FILES.manifest}`) ?? '';
  const old = read(oldText).spec;
  if (!old)
    throw new PodError('state/io', `read the manifest of pod ${pod.uuid}: this version does not support its format`);
  if (slips.length + Object.keys(values).length === 0)
    throw new PodError('cli/usage', 'update the pod: nothing is set');
  const facts = readHostFacts();
  const judged = judgeChange({ pod, old, oldText, facts, read }, values, slips);
  requireOnlyThose(old, judged.spec, judged.settings);
  const changes = changesOf(old, judged.spec, judged.settings);
  commit(pod, judged, facts, { isSameText: judged.newText === oldText, changes });
  return changes;
}

/** A merge key, or an anchor inside what was edited, can carry a change to other places. */
function requireOnlyThose(old: PodSpec, spec: PodSpec, settings: readonly Setting[]): void {
  const isNamed = (app: string | undefined, name: string): boolean =>
    settings.some((setting) => setting.app === app && setting.isolator === name);
  const others = (from: PodSpec): string =>
    JSON.stringify(
      ownersOf(from).map(([app, isolators]) => [
        app,
        isolators.filter(({ name }) => !isNamed(app, name)).map(({ name, value }) => [name, value]),
      ]),
    );
  if (others(old) === others(spec)) return;
  throw new PodError(
    'manifest/unsupported',
    "edit the pod's manifest: its isolators are shared by anchors and merge keys",
    {
      hint: 'write the isolators without anchors and merge keys, and run the pod again',
    },
  );
}

function ownersOf(spec: PodSpec): (readonly [string | undefined, readonly IsolatorSpec[]])[] {
  return [[undefined, spec.isolators], ...spec.apps.map(({ name, isolators }) => [name, isolators] as const)];
}

interface Told {
  readonly isSameText: boolean;
  readonly changes: readonly PodChange[];
}

function commit(pod: PodDir, judged: Judged, facts: HostFacts, { isSameText, changes }: Told): void {
  const { newText, settings, before, after } = judged;
  const touched = new Set(settings.map(({ app }) => app));
  const { changes: writes, stuck } = planChanges(before, after, touched);
  const fixed = [...markErrors(before, after, settings), ...stuck.map((each) => stuckError(each, settings))];
  if (fixed.length > 0) throw new PodErrors(fixed);
  const written = writeChanges(facts.cgroup, pod.uuid, writes);
  try {
    if (!isSameText) replaceManifest(pod.path, newText);
    appendEvent(pod.path, { t: Date.now(), e: 'pod-updated', changes });
  } catch (error) {
    written.rollBack();
    throw error;
  }
}

/** On version 2 they are rules of nftables, which nobody changes while the pod runs. */
function markErrors(before: LoweredPod, after: LoweredPod, settings: readonly Setting[]): PodError[] {
  const marksOf = ({ pod, apps }: LoweredPod): string =>
    JSON.stringify(
      [pod, ...apps.values()].map(({ draft }) => draft.marks.map(({ priority, interface: link }) => [priority, link])),
    );
  if (marksOf(before) === marksOf(after)) return [];
  const keys = settings.map(({ key }) => `"${key}"`).join(', ');
  return [
    new PodError('pod/fixed', `set ${keys} of a running pod: packet marks by nftables cannot be changed`, {
      hint: 'they can be changed on hosts with the net_cls and net_prio controllers of cgroup version 1',
    }),
  ];
}

function changesOf(old: PodSpec, spec: PodSpec, settings: readonly Setting[]): PodChange[] {
  return settings.map((setting) => ({
    key: setting.key,
    from: valueAt(old, setting) ?? null,
    to: valueAt(spec, setting) ?? null,
  }));
}

function valueAt(spec: PodSpec, { app, isolator, path }: Setting): unknown {
  const [, isolators] = ownersOf(spec).find(([owner]) => owner === app)!;
  let value = isolators.find(({ name }) => name === isolator)?.value;
  for (const name of path) value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  return value;
}
