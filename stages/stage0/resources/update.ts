import { closeSync } from 'node:fs';
import { dirname } from 'node:path';
import { mapAll, PodError, PodErrors } from '../error.ts';
import { lowerPod, type LoweredPod } from '../isolators/lower-pod.ts';
import { editIsolators } from '../manifest/edit.ts';
import { parseManifest } from '../manifest/parse.ts';
import type { IsolatorSpec, PodSpec } from '../manifest/spec.ts';
import { lookFor } from '../plan/look-for.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import { appendEvent, type PodChange } from '../pod/events.ts';
import { readIfThere, replaceManifest } from '../pod/files.ts';
import { POD_FILES } from '../pod/layout.ts';
import { lockDir } from '../pod/lock.ts';
import { readRecord } from '../pod/record.ts';
import { StatusReader } from '../pod/status.ts';
import type { PodDir } from '../pod/pod-dir.ts';
import { loweringError, schemaErrors, stuckError } from './attribute.ts';
import { parseSetting, type Setting, type Settings } from './parse-set.ts';
import { withOwnProcessors } from './own-processors.ts';
import { planChanges } from './plan-changes.ts';
import { writeChanges } from './write-changes.ts';

/**
 * Gives a pod that runs other values of its isolators, all or none: they are judged together before anything is written, and when
 * the kernel refuses one, the others are put back. Then the pod's manifest has them, and its journal says so.
 */
export function updatePod(pod: PodDir, settings: Settings): readonly PodChange[] {
  // Two updates at once would each put back the other's.
  const lock = takeLock(pod);
  try {
    requireRunning(pod);
    return update(pod, settings);
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

function update(pod: PodDir, wanted: Settings): readonly PodChange[] {
  const baseDir = dirname(readRecord(pod.path)?.manifest.path ?? '/');
  const read = (text: string): ReturnType<typeof parseManifest> => parseManifest(text, 'manifest.yaml', { baseDir });
  const oldText = readIfThere(`${pod.path}/${POD_FILES.manifest}`) ?? '';
  const old = read(oldText).spec;
  if (!old)
    throw new PodError('state/io', `read the manifest of pod ${pod.uuid}: this version does not support its format`);
  const settings = readSettings(wanted, old);
  const newText = editIsolators(oldText, settings);
  const { spec, errors } = read(newText);
  if (!spec) throw schemaErrors(errors, settings, (one) => read(editIsolators(oldText, [one])).errors);
  requireOnlyThose(old, spec, settings);
  commit(pod, { old, spec, settings, newText, isSameText: newText === oldText });
  return changesOf(old, spec, settings);
}

/** Everything that is wrong with any of them. */
function readSettings(wanted: Settings, spec: PodSpec): Setting[] {
  const apps = spec.apps.map(({ name }) => name);
  const settings = mapAll(Object.entries(wanted), ([key, value]) => parseSetting(key, value, apps));
  if (settings.length === 0) throw new PodError('cli/usage', 'update the pod: nothing is set');
  return settings;
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

interface Update {
  readonly old: PodSpec;
  readonly spec: PodSpec;
  readonly settings: readonly Setting[];
  readonly newText: string;
  readonly isSameText: boolean;
}

function commit(pod: PodDir, { old, spec, settings, newText, isSameText }: Update): void {
  const facts = readHostFacts();
  const lower = (one: PodSpec): LoweredPod =>
    lowerPod(one, withOwnProcessors(lookFor(one, facts, dirname(pod.path)), pod.uuid));
  const [before, after] = [lower(old), lower(spec)];
  refuseErrors(before, after, spec, settings);
  requireSameMarks(before, after, settings);
  const touched = new Set(settings.map(({ app }) => app));
  const { changes, stuck } = planChanges(before, after, touched);
  if (stuck.length > 0) throw new PodErrors(stuck.map(({ app, write }) => stuckError(app, write, settings)));
  const written = writeChanges(facts.cgroup, pod.uuid, changes);
  try {
    if (!isSameText) replaceManifest(pod.path, newText);
    appendEvent(pod.path, { t: Date.now(), e: 'pod-updated', changes: changesOf(old, spec, settings) });
  } catch (error) {
    written.rollBack();
    throw error;
  }
}

/** On version 2 they are rules of nftables, which nobody changes while the pod runs. */
function requireSameMarks(before: LoweredPod, after: LoweredPod, settings: readonly Setting[]): void {
  const marksOf = ({ pod, apps }: LoweredPod): string =>
    JSON.stringify(
      [pod, ...apps.values()].map(({ draft }) => draft.marks.map(({ priority, interface: link }) => [priority, link])),
    );
  if (marksOf(before) === marksOf(after)) return;
  const keys = settings.map(({ key }) => `"${key}"`).join(', ');
  throw new PodError('pod/fixed', `set ${keys} of a running pod: packet marks by nftables cannot be changed`, {
    hint: 'they can be changed on hosts with the net_cls and net_prio controllers of cgroup version 1',
  });
}

/**
 * What was wrong before (a disk that was taken out, the caller's own limits) is not this update's, unless it is wrong with an
 * isolator that is set: nothing of one that cannot be lowered would be written.
 */
function refuseErrors(before: LoweredPod, after: LoweredPod, spec: PodSpec, settings: readonly Setting[]): void {
  const known = new Set(errorsOf(before).map(([app, { message }]) => `${app} ${message}`));
  const named = new Set(settings.map(({ app, isolator }) => `${app} ${isolator}`));
  const fresh = errorsOf(after).filter(
    ([app, error]) => !known.has(`${app} ${error.message}`) || named.has(`${app} ${isolatorOf(after, app, error)}`),
  );
  if (fresh.length === 0) return;
  throw new PodErrors(fresh.map(([app, error]) => loweringError(app, error, spec, settings)));
}

function isolatorOf({ pod, apps }: LoweredPod, app: string | undefined, error: PodError): string | undefined {
  return (app === undefined ? pod : apps.get(app)!).refused.get(error);
}

function errorsOf({ pod, apps }: LoweredPod): (readonly [string | undefined, PodError])[] {
  return [
    ...pod.errors.map((error) => [undefined, error] as const),
    ...[...apps].flatMap(([app, { errors }]) => errors.map((error) => [app, error] as const)),
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
