// What is wrong with the values that somebody wants a running pod to have: all of it, before anything is written

import { dirname } from 'node:path';
import { type PodError, podErrorsOf, PodErrors } from '../error.ts';
import { lowerPod, type LoweredPod } from '../isolators/lower-pod.ts';
import { editIsolators } from '../manifest/edit.ts';
import type { ParsedManifest } from '../manifest/parse.ts';
import type { IsolatedPod, PodSpec } from '../manifest/spec.ts';
import type { HostFacts } from '../plan/facts.ts';
import { lookFor } from '../plan/look-for.ts';
import type { PodDir } from '../pod/pod-dir.ts';
import { loweringError, schemaErrors } from './attribute.ts';
import { withOwnProcessors } from './own-processors.ts';
import { parseSetting, type Setting, type Settings } from './parse-set.ts';

export interface Wanted {
  readonly pod: PodDir;
  readonly old: PodSpec;
  readonly oldText: string;
  readonly facts: HostFacts;
  readonly read: (text: string) => ParsedManifest;
}

/** A change that can be written. */
export interface Judged {
  readonly spec: PodSpec;
  readonly newText: string;
  readonly settings: readonly Setting[];
  readonly before: LoweredPod;
  readonly after: LoweredPod;
}

/**
 * Throws `PodErrors` with `slips`, which the caller found, and with everything else: keys that cannot be set, values that the
 * schema refuses, and those that fit neither the host nor each other. What is wrong with one hides nothing of the others.
 */
export function judgeChange(wanted: Wanted, values: Settings, slips: readonly PodError[]): Judged {
  const { old, oldText, read } = wanted;
  const { settings, newText, errors: faults } = readSettings(values, old, oldText);
  const { spec, sound, errors } = read(newText);
  if (!spec) faults.push(...schemaErrors(errors, settings, (one) => read(editIsolators(oldText, [one])).errors));
  // The manifest is pod's own: whatever cannot be judged in it is what was set.
  const judged: IsolatedPod = sound ?? old;
  const [before, after] = [lower(wanted, old), lower(wanted, judged)];
  faults.push(...loweringErrors(before, after, judged, settings));
  if (!spec || slips.length + faults.length > 0) throw new PodErrors([...slips, ...faults]);
  return { spec, newText, settings, before, after };
}

function lower({ pod, old, facts }: Wanted, spec: IsolatedPod): LoweredPod {
  const found = lookFor({ ...old, ...spec, apps: appsOf(old, spec) }, facts, dirname(pod.path));
  return lowerPod(spec, withOwnProcessors(found, pod.uuid));
}

/** The same apps with the isolators of `spec`. */
function appsOf(old: PodSpec, spec: IsolatedPod): PodSpec['apps'] {
  return old.apps.map((app) => ({ ...app, ...spec.apps.find(({ name }) => name === app.name) }));
}

interface Read {
  readonly settings: Setting[];
  readonly newText: string;
  readonly errors: PodError[];
}

/** The manifest with the values that have a place in it, put there one after another, and what is wrong with the others. */
function readSettings(values: Settings, old: PodSpec, oldText: string): Read {
  const apps = old.apps.map(({ name }) => name);
  const errors: PodError[] = [];
  const settings: Setting[] = [];
  let newText = oldText;
  for (const [key, value] of Object.entries(values)) {
    try {
      const setting = parseSetting(key, value, apps);
      newText = editIsolators(newText, [setting]);
      settings.push(setting);
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  return { settings, newText, errors };
}

/**
 * What was wrong before (a disk that was taken out, the caller's own limits) is not this update's, unless it is wrong with an
 * isolator that is set: nothing of one that cannot be lowered would be written.
 */
function loweringErrors(
  before: LoweredPod,
  after: LoweredPod,
  spec: IsolatedPod,
  settings: readonly Setting[],
): PodError[] {
  const known = new Set(errorsOf(before).map(([app, { message }]) => `${app} ${message}`));
  const named = new Set(settings.map(({ app, isolator }) => `${app} ${isolator}`));
  return errorsOf(after)
    .filter(
      ([app, error]) => !known.has(`${app} ${error.message}`) || named.has(`${app} ${isolatorOf(after, app, error)}`),
    )
    .map(([app, error]) => loweringError(app, error, spec, settings));
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
