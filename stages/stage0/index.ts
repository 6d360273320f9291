// The library: `import { run } from 'pod'`. The command line is a thin layer over the same functions.

import './dispose-symbols.ts';
import { dirname, resolve } from 'node:path';
import { applyOverrides } from './cli/overrides.ts';
import type { ImageProgress } from './image/types.ts';
import { PodError, PodErrors } from './error.ts';
import { run as launch } from './launch/run.ts';
import { requireOptions, RUN_SETTINGS } from './library/check-options.ts';
import { Pod } from './library/pod.ts';
import { allErrorsOf } from './manifest/all-errors.ts';
import { type ParsedManifest, parseManifest, parseObject } from './manifest/parse.ts';
import { readManifestText } from './manifest/read-text.ts';
import type { PodSpec } from './manifest/spec.ts';
import { defaultRoot } from './pod/layout.ts';

export { PodError, PodErrors } from './error.ts';
export type { ErrorCode, Position } from './error.ts';
export { Pod } from './library/pod.ts';
export type { LogEntry } from './library/logs.ts';
export type { ExecResult, ExecSettings } from './library/pod.ts';
export type { PodStatus } from './pod/status.ts';
export type { PodChange } from './pod/events.ts';
export type { PodResources, Resources } from './resources/in-force.ts';
export type { Settings } from './resources/parse-set.ts';

export interface RunSettings {
  /** Directory of all state and images; default `/var/lib/pod` for root. */
  readonly root?: string;
  /**
   * Base directory for relative paths in the manifest; default: the manifest's folder, or the working directory when the manifest
   * is an object.
   */
  readonly baseDir?: string;
  /** Replaces the manifest's name. */
  readonly name?: string;
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Aborts the run before anything is started. */
  readonly signal?: AbortSignal;
}

/**
 * Starts the pod of a manifest, given as a path or as an object of the same shape. Resolves when every app has started or can no
 * longer start, which `status()` shows. Throws `PodError` or `PodErrors` on failure, and then leaves nothing behind.
 */
export async function run(manifest: string | object, settings: RunSettings = {}): Promise<Pod> {
  requireOptions('run a pod', settings, RUN_SETTINGS);
  requireManifest(manifest);
  const root = resolve(settings.root ?? defaultRoot());
  const { spec, baseDir } = await read(manifest, settings);
  const running = await launch(applyOverrides(spec, { name: settings.name }), {
    root,
    baseDir,
    stdin: false,
    autoRemove: false,
    ...(settings.onProgress ? { onProgress: settings.onProgress } : {}),
    ...(settings.signal ? { signal: settings.signal } : {}),
  });
  return new Pod(running, root);
}

async function read(manifest: string | object, settings: RunSettings): Promise<{ spec: PodSpec; baseDir: string }> {
  const isPath = typeof manifest === 'string';
  const baseDir = resolve(settings.baseDir ?? (isPath ? dirname(manifest) : '.'));
  if (!isPath) return { spec: await specOf(parseObject(manifest, '<object>', { baseDir })), baseDir };
  return { spec: await parseOnce(readManifestText(manifest), manifest, baseDir), baseDir };
}

function requireManifest(manifest: unknown): void {
  if (typeof manifest === 'string' ? manifest !== '' : typeof manifest === 'object') return;
  const hint = "run('web.pod.yaml'), or run({apiVersion: 'pod/v1', …})";
  throw new PodError('test/options', `run ${JSON.stringify(manifest)}: it is neither a path nor an object`, { hint });
}

async function specOf(parsed: ParsedManifest): Promise<PodSpec> {
  if (parsed.spec) return parsed.spec;
  throw new PodErrors(await allErrorsOf(parsed));
}

const KEPT_SPECS = 64;
const specs = new Map<string, PodSpec>();

/** Caches the parsed manifest for a program that starts the same one again and again. */
async function parseOnce(text: string, path: string, baseDir: string): Promise<PodSpec> {
  const key = `${path}\0${baseDir}\0${text}`;
  const known = specs.get(key);
  if (known) return known;
  const spec = await specOf(parseManifest(text, path, { baseDir }));
  if (specs.size >= KEPT_SPECS) specs.delete(specs.keys().next().value!);
  specs.set(key, spec);
  return spec;
}
